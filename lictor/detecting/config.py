"""The file that says which detections run: bundles of Sigma rules, what is on and off, and what is changed about some.

::

    detections: 1
    sigma: [rules.json]                    # made by lictor sigma import; relative to this file
    on: ["hunt:write_outside_workspace"]   # also what is not scheduled by itself
    off: ["sigma:*", "hunt:packed_*"]      # patterns over ids; off wins
    change:
      hunt:mass_delete:
        severity: critical
        parameters: { least: 100 }

Without a file everything that is marked as scheduled runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lictor.errors import LictorError
from pipeline.policy.source import Location, PolicyError, Problem, Tree, read_tree
from pipeline.policy.words import near
from pipeline.schema import SEVERITIES

_KEYS = ("detections", "sigma", "on", "off", "change")
_CHANGES = ("severity", "parameters")


@dataclass(frozen=True)
class Change:
    """What is different about one detection."""

    severity: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DetectionConfig:
    """What a file of detections says."""

    sigma: tuple[Path, ...] = ()
    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    change: Mapping[str, Change] = field(default_factory=dict)


def read_config(path: Path) -> DetectionConfig:
    """Read a file of detections; raises ``LictorError`` with one line for each problem."""
    try:
        tree = read_tree(path.read_text("utf-8"), str(path))
        _refuse(str(path), list(_problems(tree)))
    except PolicyError as error:  # its name speaks of policies, its text does not
        raise LictorError(str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LictorError(f"{path}: cannot be read: {error}") from None
    data = tree.data
    changes = {n: Change(c.get("severity"), c.get("parameters", {})) for n, c in data.get("change", {}).items()}
    return DetectionConfig(
        tuple(path.parent / p for p in data.get("sigma", ())), tuple(data.get("on", ())), tuple(data.get("off", ())),
        changes,
    )  # fmt: skip


def _refuse(filename: str, problems: list[Problem]) -> None:
    if problems:
        raise PolicyError(filename, problems)


def _problems(tree: Tree) -> Iterator[Problem]:
    data = tree.data
    if not isinstance(data, dict) or data.get("detections") != 1:
        yield Problem(1, 1, "a file of detections is a mapping that begins with 'detections: 1'")
        return
    yield from _unknown(tree, (), data, _KEYS)
    for key in ("sigma", "on", "off"):
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            yield Problem(*tree.position((key,)), f"'{key}' must be a list of texts")
    change = data.get("change", {})
    if not isinstance(change, dict):
        yield Problem(*tree.position(("change",)), "'change' must be a mapping from a detection's id to what changes")
        return
    for name, what in change.items():
        yield from _changed(tree, ("change", name), what)


def _changed(tree: Tree, here: Location, what: Any) -> Iterator[Problem]:
    if not isinstance(what, dict):
        yield Problem(*tree.position(here), f"'{here[-1]}' must be a mapping with {' or '.join(_CHANGES)}")
        return
    yield from _unknown(tree, here, what, _CHANGES)
    severity = what.get("severity")
    if severity is not None and severity not in SEVERITIES:
        at = tree.position((*here, "severity"))
        yield Problem(*at, f"severity '{severity}' is none of {', '.join(SEVERITIES)}{near(str(severity), SEVERITIES)}")
    if not isinstance(what.get("parameters", {}), dict):
        yield Problem(*tree.position((*here, "parameters")), "'parameters' must be a mapping from name to value")


def _unknown(tree: Tree, here: Location, data: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Problem]:
    for key in data:
        if key not in known:
            said = near(key, known) or "; known here: " + ", ".join(known)
            yield Problem(*tree.position((*here, key), key=True), f"unknown key '{key}'{said}")
