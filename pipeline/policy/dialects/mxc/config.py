"""One MXC configuration as read: plain data with the canonical names, its version, and the way back to the file.

Which of the published runners is followed depends on the version: the newest one for the versions that it reads,
and 0.8.0, the last that read all of 0.6 to 0.9, for the others and for a configuration without a version.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.json_places import JsonText, Path, pointer, read_json
from pipeline.policy.dialects.mxc.fields import CLOSED, LENIENT, closed
from pipeline.policy.dialects.mxc.shape import Reading
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 127
"""Arrays and objects within each other; serde_json refuses one more."""

ABSTRACT = (None, "process")
"""Containments that mean whatever the host has; on Linux that is bubblewrap."""

_NUMBER = r"(0|[1-9][0-9]*)"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


@dataclass
class Config:
    """``data`` has canonical names and no absent fields; ``raw`` is the JSON as it stands."""

    filename: str
    raw: Any
    data: dict[str, Any]
    text: JsonText
    came_from: dict[Path, Path]
    problems: list[Problem] = field(default_factory=list)

    @property
    def version(self) -> str:
        """As written; empty where there is none."""
        return str(self.data.get("version", ""))

    @property
    def newest(self) -> bool:
        """Whether the newest runner reads it."""
        return self.version in CLOSED

    @property
    def directional(self) -> bool:
        """Whether the version knows ``egress`` and ``ingress``."""
        return semver(self.version) >= (0, 8, 0)

    @property
    def backend(self) -> str:
        """What contains the process on Linux."""
        word = self.data.get("containment")
        return "bubblewrap" if word in ABSTRACT else str(word)

    def get(self, *path: str | int) -> Any:
        """A value by its canonical names, or ``None``."""
        found: Any = self.data
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column of a part of ``data``, or of the nearest part around it."""
        while path and path not in self.came_from:
            path = path[:-1]
        return self.text.place(self.came_from.get(path, ()))

    def pointer(self, path: Path) -> str:
        """The JSON pointer of a part of ``data`` in the file."""
        return pointer(self.came_from.get(path, path))

    def refuse(self, path: Path, message: str) -> None:
        """Note a reason why the original would not take the file."""
        self.problems.append(Problem(*self.place(path), message))

    def settle(self) -> None:
        """Raise where something was noted."""
        if self.problems:
            raise PolicyError(self.filename, self.problems)


def semver(text: str) -> tuple[int, int, int]:
    """Major, minor and patch; (-1, 0, 0) where the text is no version."""
    found = _SEMVER.fullmatch(text)
    if found is None or any(int(n) >= 1 << 64 for n in found.groups()):
        return (-1, 0, 0)
    major, minor, patch = found.groups()
    return int(major), int(minor), int(patch)


def read_config(text: str, filename: str) -> Config:
    """Read the fields; raises ``PolicyError`` with all that do not have the form that the version wants."""
    json = read_json(text, filename)
    if text.startswith("\ufeff"):
        raise PolicyError(filename, [Problem(1, 1, "not JSON for MXC: a byte order mark stands before it")])
    _refuse_unreadable(json, filename)
    version = json.data.get("version") if isinstance(json.data, dict) else None
    newest = version if isinstance(version, str) and version in CLOSED else ""
    reading = Reading(text, json, lenient=not newest)
    if newest and "phase" in json.data:
        reading.refuse(("phase",), "phases of a sandbox that lives on are no configuration that is run at once")
        raise PolicyError(filename, reading.problems)
    data = reading.read(closed(newest) if newest else LENIENT, json.data)
    if reading.problems:
        raise PolicyError(filename, reading.problems)
    return Config(filename, json.data, data, json, reading.came_from)


def _refuse_unreadable(json: JsonText, filename: str) -> None:
    """What Python reads and serde_json does not: half characters, endless numbers, one level more."""
    problems = []
    for path, value in _parts(json.data, ()):
        said = _unreadable(path, value)
        if said:
            problems.append(Problem(*json.place(path), f"not JSON for MXC: {said}"))
    if problems:
        raise PolicyError(filename, problems)


def _unreadable(path: Path, value: Any) -> str:
    if isinstance(value, dict | list) and len(path) >= DEEPEST:
        return f"nested deeper than {DEEPEST} levels"
    if isinstance(value, float) and math.isinf(value):
        return "the number is out of range"
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    halves = any("\ud800" <= character <= "\udfff" for text in texts for character in text)
    return "a text holds half a character" if halves else ""


def _parts(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _parts(part, (*path, key))
