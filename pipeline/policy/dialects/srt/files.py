"""The rules of srt about files: reading allowed but for ``denyRead``, writing denied but for ``allowWrite``.

For reading, ``allowRead`` beats ``denyRead`` where it names the same or something within, a deny within an allowed
folder beats that, and a pattern that denies beats every allowed folder that it does not cover whole. For writing,
``denyWrite`` and a fixed list of names beat ``allowWrite``. Where the systems that srt runs on differ, what one of
them denies is denied here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.paths import EVERYWHERE, HOME, WORKSPACE, Nowhere, Spot, resolve

if TYPE_CHECKING:
    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

WRITING = ("file.write", "file.delete", "file.chmod")
ALL_ACCESS = ("file.open", "file.read", *WRITING, "exec")
"""What a denied read takes away: srt hides the file, so that nothing can be done to it."""

DEFAULTS = {"file.read": "allow", "file.write": "deny", "file.delete": "deny", "file.chmod": "deny"}

DANGEROUS_FILES = (
    ".gitconfig", ".gitmodules", ".bashrc", ".bash_profile", ".zshrc", ".zprofile", ".profile", ".ripgreprc", ".mcp.json",
)  # fmt: skip
DANGEROUS_FOLDERS = (".vscode", ".idea", ".claude/commands", ".claude/agents", ".git/hooks")
GIT_CONFIG = ".git/config"

OWN_DEVICES = "/dev/{stdout,stderr,null,zero,full,random,urandom,tty,ptmx,pts/**}"
OWN_FOLDERS = ("/tmp/claude/**", "/private/tmp/claude/**")  # noqa: S108 - srt's own folders
HOME_FOLDERS = ("~/.npm/_logs/**", "~/.claude/debug/**")

Resolver = Callable[[Any], Spot | Nowhere]

UNCERTAIN = "srt lifts a denied read where allowRead names something within; what is within is not known here, so nothing is lifted"

DEAD = "a pattern that ends in '/' matches no path"


def file_items(sheet: Sheet, path: Path, settings: Mapping[str, Any], resolver: Resolver = resolve) -> Iterator[Item]:
    """Items of a ``filesystem`` object, in the order of the file, then those of what srt adds."""
    for key, value in settings.items():
        if key in _LISTS and isinstance(value, list):
            for i, entry in enumerate(value):
                yield _LISTS[key](sheet, (*path, key, i), resolver(entry), settings, resolver)
        elif key == "allowGitConfig":
            yield sheet.item((*path, key), "exact", why=_git_config(value))
    yield built_in_writes(sheet, path, settings, resolver)
    yield mandatory(sheet, path, git_config=not settings.get("allowGitConfig"))


def ignored_items(sheet: Sheet, path: Path, settings: Mapping[str, Any]) -> Iterator[Item]:
    """Items of a ``filesystem`` object that is disabled."""
    for key, value in settings.items():
        if key in _LISTS and isinstance(value, list):
            for i in range(len(value)):
                yield sheet.item((*path, key, i), "setting", why="filesystem.disabled: srt ignores it")


def denied_read(sheet: Sheet, path: Path, spot: Spot | Nowhere, unless: Sequence[str] = (), why: str = "") -> Item:
    """The item of a path that may not be read."""
    if isinstance(spot, Nowhere):
        return _denied_nowhere(sheet, path, spot, ALL_ACCESS)
    if spot.dead:
        return sheet.item(path, "exact", why=DEAD)
    pattern, exact = spot.tree
    rules = [
        rule(ALL_ACCESS, {"path": pattern}, "deny", unless={"path": list(unless)} if unless else None),
        *_pins(spot),
    ]
    why = why or ("" if exact else "the pattern cannot be written here as it is; this one denies more")
    return sheet.item(path, "narrower" if why else "exact", rules, why=why)


def _deny_read(sheet: Sheet, path: Path, spot: Spot | Nowhere, settings: Mapping[str, Any], resolver: Resolver) -> Item:
    if isinstance(spot, Nowhere):
        return denied_read(sheet, path, spot)
    allows = [s for s in map(resolver, settings.get("allowRead") or ()) if isinstance(s, Spot)]
    unless, uncertain = _lifted(spot, allows)
    return denied_read(sheet, path, spot, unless, UNCERTAIN if uncertain else "")


def _lifted(denied: Spot, allows: Sequence[Spot]) -> tuple[list[str], bool]:
    """What is lifted from a denied read, and whether srt may lift more."""
    if denied.glob:  # deeper matches of the pattern stay denied on Linux, which no exception can say
        return [], any(a.glob or a.anchor != denied.anchor or denied.covers(a) for a in allows)
    names = [a for a in allows if not a.glob]
    if any(a.anchor != denied.anchor and not denied.covers(a) for a in names):
        return [], True
    if any(denied.strictly_below(a) for a in names):
        return [], any(a.glob or denied.covers(a) for a in allows)
    patterns = [a.exact for a in allows if a.glob and a.exact]
    return [*(a.tree[0] for a in names if denied.covers(a)), *patterns], False


def _allow_read(
    sheet: Sheet, path: Path, spot: Spot | Nowhere, settings: Mapping[str, Any], resolver: Resolver
) -> Item:
    if isinstance(spot, Nowhere):
        return sheet.item(path, "narrower", why=f"it lifts nothing here: {spot.why}")
    denies = [s for s in map(resolver, settings.get("denyRead") or ()) if isinstance(s, Spot)]
    if all(d.covers(spot) and not d.glob for d in denies):
        return sheet.item(path, "exact", why="it stands in the exceptions of the denied reads")
    return sheet.item(path, "narrower", why="it is an exception only to denied reads that surely hold it")


def _allow_write(sheet: Sheet, path: Path, spot: Spot | Nowhere, *_: Any) -> Item:
    if isinstance(spot, Nowhere):
        return sheet.item(path, "narrower", why=f"it allows nothing here: {spot.why}")
    if not spot.glob:
        return sheet.item(path, "exact", [rule(WRITING, {"path": spot.tree[0]}, "allow")])
    if not spot.exact:
        return sheet.item(path, "narrower", why="the pattern matches nothing, or cannot be written here")
    accepted = [rule(WRITING, {"path": spot.exact}, "allow")]
    why = "srt takes patterns for writing on macOS only and skips this one on Linux, where nothing is allowed by it"
    return sheet.item(path, "wider", accepted=accepted, why=why)


def _deny_write(sheet: Sheet, path: Path, spot: Spot | Nowhere, *_: Any) -> Item:
    if isinstance(spot, Nowhere):
        return _denied_nowhere(sheet, path, spot, WRITING)
    if spot.dead:
        return sheet.item(path, "exact", why=DEAD)
    rules = [rule(WRITING, {"path": spot.tree[0]}, "deny"), *_pins(spot)]
    if spot.glob:
        return sheet.item(
            path, "narrower", rules, why="srt on Linux skips patterns here; on macOS it denies what they match"
        )
    return sheet.item(path, "exact", rules)


_LISTS: Mapping[str, Callable[..., Item]] = {
    "denyRead": _deny_read,
    "allowRead": _allow_read,
    "allowWrite": _allow_write,
    "denyWrite": _deny_write,
}


def _denied_nowhere(sheet: Sheet, path: Path, spot: Nowhere, on: Sequence[str]) -> Item:
    if spot.folded is None and spot.why.startswith("no file"):
        return sheet.item(path, "setting", why=f"it denies nothing: {spot.why}")
    weaker = [rule(on, {"path": spot.folded.tree[0]}, "deny")] if spot.folded and not spot.folded.glob else []
    why = f"{spot.why}, so everything is denied until the weaker rule is accepted"
    return sheet.item(path, "wider", [rule(on, {"path": EVERYWHERE}, "deny")], accepted=weaker, why=why)


def _pins(spot: Spot) -> list[dict[str, Any]]:
    """Who moves a folder above takes what is denied out of the rule's reach; srt holds those folders too."""
    return [rule(("file.rename",), {"path": spot.ancestors}, "deny")] if spot.ancestors else []


def _git_config(value: Any) -> str:
    return f"{GIT_CONFIG} is {'not ' if value else ''}among the names that may never be written"


def mandatory(sheet: Sheet, path: Path, *, git_config: bool) -> Item:
    """The names that srt never lets anybody write."""
    files = [f"**/{name}" for name in DANGEROUS_FILES] + [f"**/{GIT_CONFIG}"] * git_config
    folders = [f"**/{name}/**" for name in DANGEROUS_FOLDERS]
    pinned = [f"{WORKSPACE}/.git", f"{WORKSPACE}/.claude"]
    rules = [rule(WRITING, {"path": [*files, *folders]}, "deny"), rule(("file.rename",), {"path": pinned}, "deny")]
    why = "srt protects these names in the folder that it is started in, on Linux to a depth of three; here everywhere"
    return sheet.item(path, "narrower", rules, why=why, name=f"{sheet.prefix}-mandatory-deny")


def built_in_writes(sheet: Sheet, path: Path, settings: Mapping[str, Any], resolver: Resolver = resolve) -> Item:
    """What srt lets everybody write: standard devices, its own folder for temporary files, two logs at home."""
    denies = [resolver(entry) for entry in settings.get("denyRead") or ()]
    at_home = all(isinstance(d, Spot) and not d.glob and d.anchor == HOME and d.path and not _near(d) for d in denies)
    paths = [OWN_DEVICES, *OWN_FOLDERS, *(HOME_FOLDERS if at_home else ())]
    why = "" if at_home else "two log folders at home are left out, since a denied read may cover them"
    rules = [rule(WRITING, {"path": paths}, "allow")]
    return sheet.item(path, "narrower" if why else "exact", rules, why=why, name=f"{sheet.prefix}-built-in-writes")


def _near(spot: Spot) -> bool:
    return any(
        f"{HOME}{spot.path}/".startswith(f[: -len("**")]) or f.startswith(f"{HOME}{spot.path}/") for f in HOME_FOLDERS
    )
