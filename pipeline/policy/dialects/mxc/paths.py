r"""Paths of an MXC configuration as rules: the most specific entry counts, of equal ones denied before readonly before readwrite.

Lictor's order is another one (a deny always beats an allow), so the entries that lie deeper stand in the ``unless`` of a
deny. What has no fixed place on this machine (``C:\x``, ``src``, ``/a/../b``) is never allowed; where it is
denied, the rule denies every place that it could mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.globs import GlobError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.policy.dialects.interface import Rules
    from pipeline.policy.dialects.mxc.config import Config

READ = ["exec", "file.open", "file.read"]
WRITE = ["file.write", "file.delete", "file.chmod"]
SOCKETS = ["net.connect", "net.send", "net.bind"]

LISTS = ("readwritePaths", "readonlyPaths", "deniedPaths")
"""Weakest first: the position is the rank of an entry among those for the same path."""

_READWRITE, _READONLY, _DENIED = range(3)
_SPECIAL = re.compile(r"([\\*?\[\]{},])")
_WINDOWS = re.compile(r"[A-Za-z]:([\\/]|$)|\\\\|%[^%]+%|\\")


@dataclass(frozen=True)
class Entry:
    """One path of a list; ``place`` is its plain absolute form, empty where it has none on this machine."""

    rank: int
    number: int
    text: str
    place: str
    trouble: str = ""
    anywhere: tuple[str, ...] = field(default=())
    """Patterns that hold every place an entry without one could mean."""

    @property
    def glob(self) -> str:
        """The pattern of the path and everything below it."""
        return _below(self.place)


def quoted(text: str) -> str:
    """Text as a pattern that matches only itself."""
    return _SPECIAL.sub(r"\\\1", text)


def entries(config: Config) -> list[Entry]:
    """All entries of the three lists."""
    return [
        _entry(rank, i, text)
        for rank, name in enumerate(LISTS)
        for i, text in enumerate(config.get("filesystem", name) or ())
    ]


def path_items(config: Config, found: list[Entry]) -> list[Item]:
    """What each entry becomes."""
    strictest: dict[str, int] = {}
    for entry in found:
        if entry.place:
            strictest[entry.place] = max(entry.rank, strictest.get(entry.place, 0))
    return [_item(config, entry, strictest) for entry in found]


def socket_item(found: list[Entry]) -> Item:
    """Unix sockets are reached by their paths, and network defaults do not speak of them."""
    seen = [e.glob for e in found if e.place and e.rank != _DENIED]
    written = [e.glob for e in found if e.place and e.rank == _READWRITE]
    rules = [
        _rule("mxc-unix-sockets", SOCKETS[:2], {"protocol": ["unix"]}, seen, "deny", "/filesystem"),
        _rule("mxc-unix-sockets-new", SOCKETS[2:], {"protocol": ["unix"]}, written, "deny", "/filesystem"),
    ]
    why = "sockets outside the listed paths cannot be reached; those without a path are denied, too"
    return Item("unix-sockets", "/filesystem", 1, "paths that are not listed", "narrower", tuple(rules), why=why)


def _entry(rank: int, number: int, text: str) -> Entry:
    if _WINDOWS.match(text):
        return Entry(rank, number, text, "", "a Windows path: there is none on this machine")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        tail = parts[len(parts) - parts[::-1].index("..") :]
        why = "'..' leads to different places, depending on symbolic links"
        return Entry(rank, number, text, "", why, (_anywhere(tail),))
    if not text.startswith("/"):
        why = "relative to the folder that the runner is started in, which the file does not name"
        home = (f"~{_tail(parts[1:])}",) if parts[:1] == ["~"] else ()
        return Entry(rank, number, text, "", why, (_anywhere(parts), *home))
    place = "/" + "/".join(parts)
    try:
        parse(_below(place))
    except GlobError as error:
        return Entry(rank, number, text, "", f"not a path that a rule can hold: {error}", ("/**",))
    return Entry(rank, number, text, place)


def _tail(parts: list[str]) -> str:
    return "".join(f"/{quoted(part)}" for part in parts) + "/**"


def _anywhere(parts: list[str]) -> str:
    return "**" + _tail(parts) if parts else "/**"


def _below(place: str) -> str:
    return "/**" if place == "/" else quoted(place) + "/**"


def _lies_in(inner: str, outer: str) -> bool:
    """Whether a place lies below another one (not at it)."""
    return inner != outer and (outer == "/" or inner.startswith(outer + "/"))


def _item(config: Config, entry: Entry, strictest: dict[str, int]) -> Item:
    path = ("filesystem", LISTS[entry.rank], entry.number)
    pointer = config.pointer(path)
    outcome, why = "exact", ""
    rules: Rules = ()
    if not entry.place:
        outcome, rules, why = _unplaced(entry, pointer)
    elif strictest[entry.place] != entry.rank:
        why = f"the same path stands in {LISTS[strictest[entry.place]]}, which counts"
    else:
        rules = _rules(entry, strictest, pointer)
    name = f"filesystem.{LISTS[entry.rank]}.{entry.number}"
    return Item(name, pointer, config.place(path)[0], ascii(entry.text), outcome, rules, why=why)


def _unplaced(entry: Entry, pointer: str) -> tuple[str, Rules, str]:
    """An entry without a place: no allow; a deny of everything that it could mean."""
    if entry.rank != _DENIED or not entry.anywhere:
        return "unsupported", (), entry.trouble
    rule = _rule(
        f"mxc-denied-{entry.number + 1}", READ + WRITE + SOCKETS, {"path": list(entry.anywhere)}, (), "deny", pointer
    )
    return "narrower", (rule,), f"{entry.trouble}; every such path is denied"


def _rules(entry: Entry, strictest: dict[str, int], pointer: str) -> Rules:
    """The rules of an entry with a place; those that lie deeper are left to their own."""
    match, n = {"path": [entry.glob]}, entry.number + 1
    deeper = {place: rank for place, rank in strictest.items() if _lies_in(place, entry.place)}
    if entry.rank == _DENIED:
        opened = [_below(place) for place, rank in deeper.items() if rank != _DENIED]
        return (_rule(f"mxc-denied-{n}", READ + WRITE + SOCKETS, match, opened, "deny", pointer),)
    if entry.rank == _READWRITE:
        return (_rule(f"mxc-readwrite-{n}", READ + WRITE, match, (), "allow", pointer),)
    allow = _rule(f"mxc-readonly-{n}", READ, match, (), "allow", pointer)
    if not any(rank == _READWRITE and _lies_in(entry.place, place) for place, rank in strictest.items()):
        return (allow,)
    opened = [_below(place) for place, rank in deeper.items() if rank == _READWRITE]
    return allow, _rule(f"mxc-readonly-{n}-writes", [*WRITE, "net.bind"], match, opened, "deny", pointer)


def _rule(
    name: str, on: list[str], match: dict[str, Any], unless: Iterable[str], action: str, pointer: str
) -> dict[str, Any]:
    exceptions = list(dict.fromkeys(unless))
    extra = {"unless": {"path": exceptions}} if exceptions else {}
    return {"id": name, "on": on, "match": match, **extra, "action": action, "origin": pointer or "/"}
