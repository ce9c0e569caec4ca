"""What the parts of the OpenShell import share: names, places and texts of items and rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pipeline.policy.dialects.interface import Item, Rules
from pipeline.policy.dialects.json_places import pointer
from pipeline.policy.dialects.openshell.shape import Reading
from pipeline.policy.globs import quoted
from pipeline.policy.source import Location


def slug(text: str) -> str:
    """Letters that an id may have; at most 60 of them, so that a number still fits behind."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:60] or "unnamed"


def line(text: str) -> str:
    """One line of at most 300 characters."""
    found = " ".join(text.split())
    return found if len(found) <= 300 else found[:299] + "…"


def below(path: str) -> str:
    """The pattern of a path and of everything below it."""
    return "/**" if path == "/" else quoted(path) + "/**"


@dataclass
class Maker:
    """Makes items of one file; no two have the same name."""

    reading: Reading
    names: dict[str, int] = field(default_factory=dict)

    def name(self, wanted: str) -> str:
        """``wanted``, or with a number behind it."""
        found = wanted
        while found in self.names:
            self.names[wanted] += 1
            found = f"{wanted}-{self.names[wanted]}"
        self.names.setdefault(found, 1)
        return found

    def item(
        self,
        name: str,
        here: Location,
        text: str,
        outcome: str,
        *,
        safe: Rules = (),
        accepted: Rules = (),
        why: str = "",
    ) -> Item:
        """One item; ``name`` came from ``name()``."""
        return Item(name, pointer(here), self.reading.place(here)[0], line(text), outcome, safe, accepted, why)

    def origin(self, here: Location) -> str:
        """Where a rule comes from, for the rule itself."""
        return line(f"line {self.reading.place(here)[0]} " + ".".join(str(part) for part in here))

    def rule(self, name: str, here: Location, **parts: Any) -> dict[str, Any]:
        """One rule of a document, without the parts that are empty."""
        return {"id": name, **{k: v for k, v in parts.items() if v}, "origin": self.origin(here)}
