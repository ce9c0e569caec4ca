"""From a file of alerts to its targets, or to every reason why not, each with file, line and column.

The file is read as a policy is: plain YAML with positions (``pipeline.policy.source``), the shape (``model.py``), and
what a shape cannot say (``checks.py``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lictor.alerts.checks import Checks
from lictor.alerts.model import DOCUMENT, SHAPES, Command, Document, Webhook, keys_of
from lictor.alerts.trusted import read_guarded
from lictor.errors import LictorError
from pipeline.policy.source import LARGEST, Location, PolicyError, Problem, Tree, read_tree
from pipeline.policy.words import near

VARIABLE = "LICTOR_ALERTS"

_WORDING = {
    "missing": "'{key}' is missing",
    "string_type": "'{key}' must be text; put it in quotes if it is",
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
    "string_pattern_mismatch": "a name is letters, digits, '.', '_' and '-', and begins with a letter or digit",
}
"""By pydantic's kind of error. None says the value: it may be a secret."""


@dataclass(frozen=True)
class AlertsConfig:
    """Targets of alerts, checked, with variables filled in."""

    webhooks: tuple[Webhook, ...] = ()
    commands: tuple[Command, ...] = ()
    variables: frozenset[str] = frozenset()
    """Names of variables that hold secrets: no agent should inherit them."""


def alerts_file(option: Path | None, environ: Mapping[str, str] | None = None) -> Path | None:
    """The file that ``--alerts`` names, else ``$LICTOR_ALERTS``; ``None`` where neither does."""
    named = (os.environ if environ is None else environ).get(VARIABLE)
    return option or (Path(named) if named else None)


def read_alerts(path: Path, environ: Mapping[str, str] | None = None) -> AlertsConfig:
    """Read a file of alerts; raises ``LictorError`` with one line for each problem.

    ``environ`` gives the values of variables; by default this process's own.
    """
    data, trusted = read_guarded(path, LARGEST)
    try:
        return _parsed(data, str(path), os.environ if environ is None else environ, trusted=trusted)
    except PolicyError as error:  # its name speaks of policies, its text does not
        raise LictorError(str(error)) from None


def _parsed(data: bytes, filename: str, environ: Mapping[str, str], *, trusted: bool) -> AlertsConfig:
    tree = read_tree(_text(data, filename), filename)
    document = _shape(tree, filename)
    checks = Checks(document, environ, trusted=trusted)
    if checks.problems:
        raise PolicyError(filename, [Problem(*tree.position(where), said) for where, said in checks.problems])
    return AlertsConfig(checks.webhooks, checks.commands, frozenset(checks.variables))


def _text(data: bytes, filename: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PolicyError(filename, [Problem(line, 1, "not UTF-8")]) from None
    if not text.strip():
        raise PolicyError(filename, [Problem(1, 1, "the file is empty; a file of alerts begins with 'alerts: 1'")])
    return text


def _shape(tree: Tree, filename: str) -> Document:
    try:
        return DOCUMENT.validate_json(json.dumps(tree.data))
    except ValidationError as error:
        raise PolicyError(filename, _problems(error.errors(include_url=False), tree)) from None


def _problems(errors: Iterable[Any], tree: Tree) -> Iterator[Problem]:
    for error in errors:
        location: Location = tuple(part for part in error["loc"] if part != "[key]")
        kind = error["type"]
        if kind == "too_short" and error["input"]:
            continue  # its items are wrong, and each says so itself
        at_key = kind == "unexpected_keyword_argument" or "[key]" in error["loc"]
        yield Problem(*tree.position(location, key=at_key), _wording(kind, location, error))


def _wording(kind: str, location: Location, error: Any) -> str:
    key = next((part for part in reversed(location) if isinstance(part, str)), "")
    if kind == "unexpected_keyword_argument":
        outer = next((part for part in reversed(location[:-1]) if isinstance(part, str)), "")
        names = keys_of(SHAPES[outer])
        return f"unknown key '{key}'{near(key, names) or '; known here: ' + ', '.join(names)}"
    if not location:
        return "a file of alerts is a mapping that begins with 'alerts: 1'"
    if key == "alerts" and kind != "missing":
        return "this version reads 'alerts: 1'"
    said = _WORDING.get(kind)
    return said.format(key=key, **error.get("ctx", {})) if said else str(error["msg"])
