"""Renders docs/policy.md from the policy's model: every key of every shape with its type, its meaning and examples.

Whoever writes a policy reads it; whoever changes the language gets it anew with ``make docs``. How a verdict comes
about is told by hand, in policies/README.md.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pipeline import schema
from pipeline.policy import model
from pipeline.policy.compile import SEVERITY_OF
from pipeline.policy.kinds import ACTIONS
from pipeline.policy.labels import BUILT_IN
from pipeline.policy.text import one_line
from tools import generated
from tools.schema_docs import table

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = {
    "Document": "The file",
    "Rule": "A rule",
    "Match": "`match` and `unless`",
    "Step": "A step of a `sequence`",
    "Scope": "`scope`",
    "HoldLimits": "`holds`",
    "PolicyTest": "A test",
    "TestEvent": "The `event` of a test",
}
"""Parts of a policy file and their headings, in the order of the page."""

DOES = {
    "allow": "nothing; lifts a default of the same policy",
    "audit": "nothing; lifts a default of the same policy, and the row names the rule",
    "ask": "the process is stopped before its call returns (a connection is refused), and the whole run stands still until a person decides; see `holds`",
    "deny": "it is not done: refused, or the process is killed before it has anything of it, else right after",
    "freeze": "as ask, by the policy's own judgement: a run that is not released in time is killed",
    "quarantine": "deny, and the file goes to the vault, where nothing runs or reads it",
    "isolate": "deny, and the run loses its network: new connections are refused, those that exist are cut",
    "kill": "every process of the run is killed",
}
"""What each action does to the process."""

INTRODUCTION = """# The policy language

Every key that may stand in a policy file. How a verdict comes about is told in [policies/README.md](../policies/README.md). The same shape for
editors and other programs is `pipeline/policy/schema.json`.

An empty list is refused, and so is a key that is not listed here.
"""

QUANTITIES = (
    ("duration", "a number and `ms`, `s`, `m`, `h` or `d`; at most `30d`"),
    ("size", "`>=`, `>`, `<=` or `<`, a number and `B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB` or `TiB`"),
    ("rate", "a number up to 10000, `/`, and a duration; the number of it may be left out: `5/s`"),
    ("day or time", "a day, which begins at midnight in UTC, or a time of RFC 3339 with its zone"),
    ("path pattern", "see [policies/README.md](../policies/README.md#path-patterns)"),
    ("text pattern", "`*` is any text, `?` one character, `\\` quotes; the whole text must match"),
    ("domain", "a name, or `*.` and a name for every name below it and not for itself"),
    ("label", "a name under `labels`, or one that is [built in](#labels)"),
    ("SHA-256", "64 hexadecimal digits"),
)
"""What the types of the tables look like when written."""

VOCABULARIES = {
    schema.SELECTORS: "[selector](#operations)",
    tuple(schema.OPERATION_BY_NAME): "[operation](#operations)",
    ACTIONS: "[action](#actions)",
    schema.SEVERITIES: "[severity](#severities)",
}
"""Enumerations that are too long for a cell, and where on the page they stand."""


def type_words(node: dict[str, Any]) -> str:
    """Type of a part of the JSON Schema, in words."""
    if "$ref" in node:
        shape = node["$ref"].rpartition("/")[2]
        return f"[{shape}](#{anchor(SHAPES[shape])})"
    if "anyOf" in node:
        return _either([n for n in node["anyOf"] if n.get("type") != "null"])
    if "enum" in node:
        return VOCABULARIES.get(tuple(node["enum"])) or ", ".join(f"`{value}`" for value in node["enum"])
    if node["type"] == "array":
        return f"list of {type_words(node['items'])}"
    if node["type"] == "object":
        names = type_words(node["propertyNames"]) if "propertyNames" in node else "name"
        (inner,) = node.get("patternProperties", {"": node.get("additionalProperties")}).values()
        return f"mapping of {names} to {type_words(inner)}"
    plain = {"boolean": "true or false", "integer": "whole number"}
    return plain.get(node["type"]) or str(node["title"])


def _either(nodes: list[dict[str, Any]]) -> str:
    """Alternatives; a value or a list of such values is said shortly."""
    singles = [type_words(n) for n in nodes if n.get("type") != "array"]
    if not singles:
        return type_words(nodes[0])
    return " or ".join(singles) + (", or a list" if len(nodes) > len(singles) else "")


def anchor(heading: str) -> str:
    """The link to a heading, as Markdown readers make it."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c == "-")


def shape(name: str) -> Iterator[str]:
    """Section of one shape: its keys in the order of the model."""
    found = model.json_schema() if name == "Document" else model.json_schema()["$defs"][name]
    required = found.get("required", ())
    yield f"## {SHAPES[name]}\n"
    yield from table(
        ("key", "type", "meaning", "example"),
        [_row(key, field, found["properties"][key], required=key in required) for key, field in keys(name).items()],
    )


def keys(name: str) -> dict[str, Any]:
    """Fields of a shape by the key that a file has."""
    fields: dict[str, Any] = getattr(model, name).__pydantic_fields__
    return {field.alias or key: field for key, field in fields.items()}


def _row(key: str, field: Any, node: dict[str, Any], *, required: bool) -> tuple[str, ...]:
    default = node.get("default")
    plain = isinstance(default, str | int) and not isinstance(default, bool)
    more = ", required" if required else f"; else {one_line(default)}" if plain else ""
    # As it may stand between braces too, where more must be quoted.
    examples = "<br>".join(f"`{one_line({key: example})[1:-1]}`" for example in field.examples)
    return f"`{key}`", type_words(node) + more, field.description, examples


def values() -> Iterator[str]:
    """Sections of the vocabularies."""
    yield "## Values\n"
    yield from table(("type", "as written"), QUANTITIES)
    yield "### Actions\n\nWeakest first; the strongest of all matching rules wins.\n"
    yield from table(
        ("action", "does", "severity, where the rule names none"),
        [(f"`{a}`", DOES[a], SEVERITY_OF[a] or "") for a in ACTIONS],
    )
    yield f"### Severities\n\n{', '.join(f'`{s}`' for s in schema.SEVERITIES)}\n"
    yield "### Operations\n\nOperations that events have, and the selectors by which `on` and `defaults` reach them. `on` in a test is an operation.\n"
    yield from table(
        ("operation", "selectors", "meaning"),
        [(f"`{o.name}`", ", ".join(f"`{s}`" for s in o.selectors), o.described) for o in schema.OPERATIONS],
    )


def labels() -> Iterator[str]:
    """Section of the built-in labels with their patterns."""
    yield "## Labels\n\nThe built-in ones; a policy may define others, and may not redefine these.\n"
    for name, patterns in BUILT_IN.items():
        lines = "\n".join(patterns)
        yield f"### `{name}`\n\n```\n{lines}\n```\n"


def render() -> str:
    """The whole page."""
    parts = [INTRODUCTION, *(line for name in SHAPES for line in shape(name)), *values(), *labels()]
    return generated.notice("tools.policy_docs") + "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(generated.main("docs/policy.md", render()))
