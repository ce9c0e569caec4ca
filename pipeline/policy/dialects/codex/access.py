"""A set of paths with what may be done to each, as rules: the most specific path decides, and a deny covers all below.

In folders that may be written Codex keeps some names read-only, unless they are named themselves. What is neither
named nor below a named path may be neither read nor written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.codex.shape import fits
from pipeline.policy.dialects.srt.files import ALL_ACCESS, WRITING
from pipeline.policy.dialects.srt.globs import quoted
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.paths import EVERYWHERE, HOME, ROOT, WORKSPACE, Nowhere, Spot

if TYPE_CHECKING:
    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

READING = ("file.open", "file.read", "exec")
KEPT = (".git", ".agents", ".codex", ".aws")
"""Names that stay read-only in a folder that may be written."""

MINIMAL = ("/bin/**", "/sbin/**", "/usr/**", "/lib/**", "/lib64/**")
DEVICES = "/dev/{null,zero,full,random,urandom,tty,ptmx,stdout,stderr,pts/**}"


@dataclass(frozen=True)
class Entry:
    """One path, where it stands in the file, and ``read``, ``write`` or ``deny``."""

    path: Path
    spot: Spot | Nowhere | None
    access: str
    minimal: bool = False
    name: str = ""
    """Name of the item, where several stand for one place."""


def reads_everything(entries: Sequence[Entry]) -> bool:
    """Whether the root itself may be read."""
    return any(
        isinstance(e.spot, Spot) and e.spot.anchor == ROOT and not e.spot.path and e.access in ("read", "write")
        for e in entries
    )


def entry_items(sheet: Sheet, entries: Sequence[Entry]) -> Iterator[Item]:
    """The items of all entries."""
    for entry in entries:
        if entry.minimal:
            yield _minimal(sheet, entry)
        elif entry.spot is None:
            yield sheet.item(entry.path, "narrower", why="where this is cannot be told here, so it allows nothing")
        elif isinstance(entry.spot, Nowhere):
            yield _nowhere(sheet, entry, entry.spot)
        elif entry.access == "deny":
            yield _denied(sheet, entry, entry.spot)
        elif entry.access == "write":
            yield _written(sheet, entry, entry.spot, entries)
        else:
            yield _read_only(sheet, entry, entry.spot, entries)


def _minimal(sheet: Sheet, entry: Entry) -> Item:
    if entry.access == "deny":
        return sheet.item(
            entry.path, "narrower", [rule(READING, {"path": [*MINIMAL]}, "deny")], why="as far as it is known"
        )
    why = "what programs need of the system, without what of it is not surely meant"
    return sheet.item(entry.path, "narrower", [rule(READING, {"path": [*MINIMAL, DEVICES]}, "allow")], why=why)


def _nowhere(sheet: Sheet, entry: Entry, spot: Nowhere) -> Item:
    if entry.access != "deny":
        return sheet.item(entry.path, "narrower", why=f"it allows nothing here: {spot.why}")
    if spot.why.startswith("no file"):
        return sheet.item(entry.path, "setting", why=f"it denies nothing: {spot.why}")
    why = f"{spot.why}, so everything is denied until the rule is accepted as left out"
    return sheet.item(entry.path, "wider", [rule(ALL_ACCESS, {"path": EVERYWHERE}, "deny")], why=why)


def _denied(sheet: Sheet, entry: Entry, spot: Spot) -> Item:
    pattern, exact = _pattern(spot) if spot.glob else spot.tree
    why = "" if exact else "the pattern cannot be written here as it is; this one denies more"
    return sheet.item(
        entry.path, "narrower" if why else "exact", [rule(ALL_ACCESS, {"path": pattern}, "deny")], why=why
    )


def _pattern(spot: Spot) -> tuple[str, bool]:
    """Codex's patterns are those of the policy language; where one cannot be, the folder that it starts from stands in."""
    made = f"{spot.anchor}{spot.path}/**"
    if "${" not in spot.path and fits(made):
        return made, True
    base = re.split(r"[*?\[{]", spot.path, maxsplit=1)[0].rpartition("/")[0]
    return f"{spot.anchor}{quoted(base)}/**", False


def _written(sheet: Sheet, entry: Entry, spot: Spot, entries: Sequence[Entry]) -> Item:
    tree = spot.tree[0]
    kept = [name for name in KEPT if not _is_named(spot, name, entries)]
    rules = [rule((*READING, *WRITING), {"path": tree}, "allow")]
    if kept:
        pattern = (
            f"{spot.exact.rstrip('/')}/{{{','.join(kept)}}}/**"
            if len(kept) > 1
            else f"{spot.exact.rstrip('/')}/{kept[0]}/**"
        )
        named = [e.spot.tree[0] for e in entries if e.access == "write" and _within(e.spot, spot, kept)]  # type: ignore[union-attr]
        rules.append(rule(WRITING, {"path": pattern}, "deny", unless={"path": named} if named else None))
    return sheet.item(entry.path, "exact", rules, name=entry.name)


def _is_named(spot: Spot, name: str, entries: Sequence[Entry]) -> bool:
    wanted = (spot.anchor, f"{spot.path}/{name}")
    return any(
        isinstance(e.spot, Spot) and (e.spot.anchor, e.spot.path) == wanted and e.access == "write" for e in entries
    )


def _within(inner: Any, spot: Spot, kept: Sequence[str]) -> bool:
    return isinstance(inner, Spot) and any(
        inner.strictly_below(Spot(spot.anchor, f"{spot.path}/{name}")) for name in kept
    )


def _read_only(sheet: Sheet, entry: Entry, spot: Spot, entries: Sequence[Entry]) -> Item:
    """Reading is allowed; writing is taken away, since a folder above may be written, but for what is named below."""
    rules = [rule(READING, {"path": spot.tree[0]}, "allow")]
    writes = [e.spot for e in entries if e.access == "write" and isinstance(e.spot, Spot)]
    above = [w for w in writes if spot.strictly_below(w) or w.anchor != spot.anchor]
    if not above or not spot.path:
        return sheet.item(entry.path, "exact", rules)
    below = [w.tree[0] for w in writes if w.strictly_below(spot)]
    unsure = any(w.anchor != spot.anchor and spot.anchor == ROOT for w in writes)
    rules.append(rule(WRITING, {"path": spot.tree[0]}, "deny", unless={"path": below} if below else None))
    why = "a writable folder may lie in it, which this takes away too" if unsure else ""
    return sheet.item(entry.path, "narrower" if why else "exact", rules, why=why)


def special(key: str) -> tuple[Spot, ...]:
    """Where a path that begins with ``:`` is; empty where that is not known here."""
    known = {":root": Spot(ROOT, ""), ":workspace_roots": Spot(WORKSPACE, ""), ":project_roots": Spot(WORKSPACE, "")}
    known[":slash_tmp"] = Spot(ROOT, "/tmp")  # noqa: S108 - the folder that is meant
    return (known[key],) if key in known else ()


def literal(text: str) -> Spot | Nowhere:
    """Where an absolute path or one below home is; patterns are only ever denied."""
    anchor, rest = (HOME, text[1:]) if text == "~" or text.startswith("~/") else (ROOT, text)
    return below(Spot(anchor, ""), rest)


def below(base: Spot, text: str) -> Spot | Nowhere:
    """Where a path below another one is."""
    parts = [p for p in text.split("/") if p not in ("", ".")]
    if ".." in parts:
        return Nowhere("its '..' goes through folders that may be links")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text) or len(text) > 3500:
        return Nowhere("no file can have such a name")
    trailing = parts[-1:] == ["**"]
    parts = parts[:-1] if trailing else parts
    path = base.path + "".join("/" + p for p in parts)
    glob = any(c in path for c in "*?[")
    spot = Spot(base.anchor, path, glob, trailing)
    return spot if glob or fits(f"{spot.anchor}{quoted(path)}/**") else Nowhere("no file can have such a name")
