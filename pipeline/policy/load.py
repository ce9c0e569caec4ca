"""From the text of a policy file to a ``Policy``, or to every reason why not, with its place.

Three passes over the same document: YAML with positions (``source.py``), the shape
(``model.py``), and the few things that a shape cannot say (``checks.py``). A file that has
problems in the shape is still checked for the rest: one run of ``policy check`` shows all.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline.policy import checks
from pipeline.policy.building import building
from pipeline.policy.includes import Fetch, Part, merged
from pipeline.policy.model import (
    DOCUMENT,
    Document,
    HoldLimits,
    Match,
    Policy,
    PolicyTest,
    Rule,
    Scope,
    Step,
    TestEvent,
)
from pipeline.policy.source import Location, PolicyError, Problem, Tree, read_tree
from pipeline.policy.words import near

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PolicyError", "load_policy", "read_policies"]

_SHAPES: dict[str, type] = {
    "rules": Rule,
    "match": Match,
    "unless": Match,
    "sequence": Step,
    "scope": Scope,
    "holds": HoldLimits,
    "event": TestEvent,
    "events": TestEvent,
    "tests": PolicyTest,
}

_WORDING = {
    "missing": "'{key}' is missing",
    "string_type": "'{key}' must be text; put it in quotes if it is",
    "bool_type": "'{key}' must be true or false",
    "int_type": "'{key}' must be a whole number",
    "tuple_type": "'{key}' must be a list",
    "dict_type": "'{key}' must be a mapping",
    "dataclass_type": "'{key}' must be a mapping",
    "too_short": "'{key}' is an empty list: leave the key out, or say what it means",
    "too_long": "'{key}' has more than {max_length} items",
    "string_too_short": "'{key}' is empty text",
    "string_too_long": "'{key}' is longer than {max_length} characters",
    "greater_than_equal": "'{key}' must be at least {ge}",
    "less_than_equal": "'{key}' must be at most {le}",
}

_PATTERNS = {
    "id": "an id is letters, digits, '.', '_' and '-', and begins with a letter or digit",
    "name": "a name is letters, digits, '.', '_' and '-', and begins with a letter or digit",
    "ip": "an IP address or CIDR looks like 10.0.0.0/8 or 2001:db8::/32",
    "attack": "an ATT&CK technique looks like T1552 or T1552.001",
    "atlas": "an ATLAS technique looks like AML.T0051 or AML.T0051.000",
    "owasp": "an OWASP agentic threat looks like ASI02",
    "exe_hash": "a hash is the 64 hexadecimal digits of SHA-256",
    "label": "a label is lower-case letters, digits and '-'",
    "labels": "a label is lower-case letters, digits and '-'",
    "taint": "a label is lower-case letters, digits and '-'",
    "expires": "a day or time looks like 2027-01-31 or 2027-01-31T18:00:00Z",
}


@building()
def load_policy(text: str, filename: str, fetch: Fetch | None = None) -> Policy:
    """Read one policy; raises ``PolicyError`` with every problem of the file. Does no I/O but by ``fetch``."""
    return merged(_part(text, filename), _part, fetch)


def read_policies(paths: Iterable[str | Path]) -> list[Policy]:
    """Read policy files, in order; raises one ``PolicyError`` that tells the problems of the first bad file."""
    return [load_policy(_text(Path(path)), str(path), _beside) for path in paths]


def _part(text: str, filename: str) -> Part:
    tree = read_tree(text, filename)
    document, problems = _shape(tree)
    problems += checks.problems(tree)
    if document is None or problems:
        raise PolicyError(filename, problems)
    return Part(document, tree, filename, text)


def _beside(name: str, including: str) -> tuple[str, str]:
    """Text and path of an included file; relative names start at the folder of the file that includes it."""
    path = os.path.normpath(Path(including).parent / name)
    return Path(path).read_bytes().decode(), path


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise PolicyError(str(path), [Problem(1, 1, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        where = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise PolicyError(str(path), [Problem(*where, "not UTF-8")]) from None


def _shape(tree: Tree) -> tuple[Document | None, list[Problem]]:
    """Validate as the JSON that the YAML stands for: exactly what the published schema speaks of."""
    try:
        return DOCUMENT.validate_json(json.dumps(tree.data)), []
    except ValidationError as error:
        found = [_problem(e, tree) for e in error.errors(include_url=False)]
        return None, [p for p in found if p is not None]


def _problem(error: Any, tree: Tree) -> Problem | None:
    location: Location = tuple(part for part in error["loc"] if part != "[key]")
    kind, key = error["type"], _key(location)
    if kind == "too_short" and error["input"]:
        return None  # its items are wrong, and each says so itself
    if kind == "unexpected_keyword_argument":
        return Problem(*tree.position(location, key=True), _unknown_key(key, location))
    at_key = "[key]" in error["loc"]
    is_item = bool(location) and isinstance(location[-1], int) and location in tree.values
    return Problem(*tree.position(location, key=at_key), _wording(kind, key, error, is_item=is_item))


def _wording(kind: str, key: str, error: Any, *, is_item: bool) -> str:
    if kind == "string_pattern_mismatch":
        return f"'{error['input']}': {_PATTERNS.get(key, _PATTERNS['labels'])}"  # names of labels are keys themselves
    if kind == "dataclass_type" and not error["loc"]:
        return "a policy is a mapping that begins with 'lictor: 1'"
    if key == "lictor" and kind != "missing":
        return f"'lictor: {error['input']}': this version reads 'lictor: 1'"
    if kind in _WORDING:
        said = _WORDING[kind].format(key=key, **error.get("ctx", {}))
        return f"an item of {said}" if is_item else said
    return str(error["msg"])


def _key(location: Location) -> str:
    """The innermost name of a location."""
    return next((part for part in reversed(location) if isinstance(part, str)), "policy")


def _unknown_key(key: str, location: Location) -> str:
    shape = _SHAPES.get(_key(location[:-1]), Document) if len(location) > 1 else Document
    names = [name.rstrip("_") for name in shape.__dataclass_fields__]  # type: ignore[attr-defined]  # each of them is a dataclass
    return f"unknown key '{key}'{near(key, names) or '; known here: ' + ', '.join(names)}"
