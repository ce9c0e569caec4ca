"""Items and rules of an import from JSON, named after the place that they come from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Item, Rules
from pipeline.policy.dialects.json_places import JsonText, Path, pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST_TEXT = 200
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True)
class Sheet:
    """A file that is read: where its parts stand, and what its rules are called after.

    ``sections`` are keys that names leave out, since what is in them tells them apart.
    """

    text: JsonText
    prefix: str
    sections: tuple[str, ...] = ()

    def value(self, path: Path) -> Any:
        """What stands at a path."""
        found = self.text.data
        for part in path:
            found = found[part]
        return found

    def name(self, path: Path) -> str:
        """Name of the item, and id of the first rule, that stand for a part of the file."""
        parts = [_OTHER.sub("_", str(p)) for p in path if p not in self.sections]
        return "-".join([self.prefix, *parts])[:80]

    def item(
        self,
        path: Path,
        outcome: str,
        rules: Iterable[Mapping[str, Any]] = (),
        *,
        accepted: Iterable[Mapping[str, Any]] = (),
        why: str = "",
        name: str = "",
    ) -> Item:
        """An item for a part of the file."""
        called = name or self.name(path)
        return Item(
            name=called,
            pointer=_plain(pointer(path)),
            line=self.text.line(path),
            text=self._shown(path),
            outcome=outcome,
            safe=numbered(rules, called, pointer(path)),
            accepted=numbered(accepted, called, pointer(path)),
            why=why,
        )

    def _shown(self, path: Path) -> str:
        value = self.value(path)
        key = next((str(p) for p in reversed(path) if isinstance(p, str)), "")
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return _plain((f"{key}: {shown}" if key else shown)[:LONGEST_TEXT])


def _plain(text: str) -> str:
    """The text without what cannot be encoded."""
    return text.encode("utf-8", "replace").decode()


def numbered(rules: Iterable[Mapping[str, Any]], called: str, origin: str) -> Rules:
    """The rules with their ids (the first is called like its item) and their origin."""
    return tuple(
        {"id": called if i == 0 else f"{called}.{i + 1}", **rule, "origin": origin[:1000] or "/"}
        for i, rule in enumerate(rules)
    )


def rule(
    on: Sequence[str],
    match: Mapping[str, Any],
    action: str,
    *,
    unless: Mapping[str, Any] | None = None,
    because: str = "",
) -> dict[str, Any]:
    """A rule without its id."""
    made: dict[str, Any] = {"on": list(on)}
    if match:
        made["match"] = dict(match)
    if unless:
        made["unless"] = dict(unless)
    made["action"] = action
    text = _CONTROL.sub(" ", because).strip()
    return {**made, "because": text[:1000]} if text else made


def told_apart(items: Iterable[Item]) -> tuple[Item, ...]:
    """The items with different names: the second of a name gets a number behind it."""
    taken: dict[str, int] = {}
    found = []
    for item in items:
        count = taken[item.name] = taken.get(item.name, 0) + 1
        found.append(item if count == 1 else replace(item, name=f"{item.name}~{count}"))
    return tuple(found)
