"""From the text of a policy file to a ``Policy``, or to every reason why not, with its place.

Three passes over the same document: YAML with positions (``source.py``), the shape
(``model.py``), and the few things that a shape cannot say (``checks.py``). A file that has
problems in the shape is still checked for the rest: one run of ``policy check`` shows all.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline.policy import checks
from pipeline.policy.fields import near
from pipeline.policy.model import DOCUMENT, Document, Match, Policy, PolicyTest, Rule, Scope, TestEvent
from pipeline.policy.source import Location, PolicyError, Problem, Tree, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PolicyError", "load_policy", "read_policies"]

LATER_KEYS = {
    "sequence": "sequence rules come with a later version; write one rule with 'on' and 'match' for each step",
    "within": "'within' belongs to sequence rules, which come with a later version",
    "by": "'by' belongs to sequence rules, which come with a later version",
    "label": "matching by label comes with a later version; name the files by 'path'",
    "locked": "'locked' comes with a later version; a deny cannot be lifted by another policy anyway",
}

_SHAPES: dict[str, type] = {
    "rules": Rule,
    "match": Match,
    "unless": Match,
    "scope": Scope,
    "event": TestEvent,
    "tests": PolicyTest,
}

_WORDING = {
    "missing": "'{key}' is missing",
    "string_type": "'{key}' must be text; put it in quotes if it is",
    "bool_type": "'{key}' must be true or false",
    "int_type": "'{key}' must be a whole number",
    "tuple_type": "'{key}' must be a list",
    "dict_type": "'{key}' must be a mapping of operation to action",
    "dataclass_type": "'{key}' must be a mapping",
    "too_short": "'{key}' is an empty list: leave the key out, or say what it means",
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
}


def load_policy(text: str, filename: str) -> Policy:
    """Read one policy; raises ``PolicyError`` with every problem of the file. Does no I/O."""
    tree = read_tree(text, filename)
    document, problems = _shape(tree)
    problems += checks.problems(tree)
    if document is None or problems:
        raise PolicyError(filename, problems)
    return Policy(
        name=document.name,
        mode=document.mode,
        scope=document.scope,
        defaults=document.defaults,
        rules=document.rules,
        tests=document.tests,
        source_path=filename,
        version=hashlib.sha256(text.encode()).hexdigest(),
        places=tree.values,
    )


def read_policies(paths: Iterable[str | Path]) -> list[Policy]:
    """Read policy files, in order; raises one ``PolicyError`` that tells the problems of the first bad file."""
    return [load_policy(_text(Path(path)), str(path)) for path in paths]


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
    if kind == "missing" and key in ("on", "action") and _is_sequence(tree.data, location[:-1]):
        return None
    if kind == "unexpected_keyword_argument":
        return Problem(*tree.position(location, key=True), _unknown_key(key, location))
    at_key = "[key]" in error["loc"]
    is_item = bool(location) and isinstance(location[-1], int) and location in tree.values
    return Problem(*tree.position(location, key=at_key), _wording(kind, key, error, is_item=is_item))


def _wording(kind: str, key: str, error: Any, *, is_item: bool) -> str:
    if kind == "string_pattern_mismatch":
        return f"'{error['input']}': {_PATTERNS[key]}"
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


def _is_sequence(data: Any, location: Location) -> bool:
    for part in location:
        data = data[part]
    return isinstance(data, dict) and "sequence" in data


def _unknown_key(key: str, location: Location) -> str:
    if key in LATER_KEYS:
        return LATER_KEYS[key]
    shape = _SHAPES.get(_key(location[:-1]), Document) if len(location) > 1 else Document
    names = list(shape.__dataclass_fields__)  # type: ignore[attr-defined]  # each of them is a dataclass
    return f"unknown key '{key}'{near(key, names) or '; known here: ' + ', '.join(names)}"
