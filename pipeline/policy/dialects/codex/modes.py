"""Codex's older settings as items: ``sandbox_mode``, ``[sandbox_workspace_write]`` and who is asked.

In all modes everything may be read. Where the user may be asked (``approval_policy``), what the sandbox stops is
asked about, since a command may then be tried again outside it; with ``never`` it is denied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.codex.access import DEVICES, Entry, entry_items, literal
from pipeline.policy.dialects.srt.files import WRITING
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.network import SOCKETS
from pipeline.policy.dialects.srt.paths import ROOT, WORKSPACE, Nowhere, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

_OPEN = {"file.read": "allow", "file.write": "allow", "file.delete": "allow", "file.chmod": "allow", "network": "allow"}


def stopped(approval: Any) -> str:
    """What becomes of what the sandbox stops: asked about or denied."""
    if isinstance(approval, dict):
        return "ask" if approval["granular"]["sandbox_approval"] else "deny"
    return "deny" if approval == "never" else "ask"


def started(approval: Any) -> str:
    """What becomes of a program that starts."""
    return "ask" if approval == "untrusted" else "allow"


def closed(action: str, *, network: bool) -> dict[str, str]:
    """Defaults of a sandbox: reading open, writing and (unless it is on) the network stopped."""
    files = {"file.read": "allow", **dict.fromkeys(WRITING, action)}
    return {**files, **({} if network else {"network": action, "net.bind": action, "net.listen": action})}


def defaults(mode: str, settings: Mapping[str, Any], approval: Any) -> dict[str, str]:
    """The defaults of a mode."""
    if mode == "danger-full-access":
        return {"exec": started(approval), **_OPEN}
    network = mode == "workspace-write" and bool(settings.get("network_access"))
    return {"exec": started(approval), **closed(stopped(approval), network=network)}


def approval_item(sheet: Sheet, path: Path, approval: Any) -> Item:
    """The item of ``approval_policy``."""
    if approval == "untrusted":
        return sheet.item(path, "narrower", why="every program is asked about; Codex runs those that it trusts")
    return sheet.item(path, "exact", why=f"what the sandbox stops: {stopped(approval)}")


def mode_items(sheet: Sheet, path: Path, mode: str, settings: Mapping[str, Any], approval: Any) -> Iterator[Item]:
    """Items of a mode; ``path`` is where it stands, or what stands for it."""
    here: Path = ("sandbox_workspace_write",)
    used = mode == "workspace-write"
    for key, value in settings.items():
        if key != "writable_roots":
            known = key in ("network_access", "exclude_tmpdir_env_var", "exclude_slash_tmp")
            why = (
                f"it stands in the rules of {mode}" if used and known else f"sandbox_mode '{mode}' does not look at it"
            )
            yield sheet.item((*here, key), "exact" if used and known else "setting", why=why)
        elif not used:
            why = f"sandbox_mode '{mode}' does not look at it"
            yield from (sheet.item((*here, key, i), "setting", why=why) for i in range(len(value)))
    yield sheet.item(path, "exact", _shared(mode, settings, approval), why="the mode")
    if used:
        yield from entry_items(sheet, list(_writable(path, settings)))
        if not settings.get("exclude_tmpdir_env_var"):
            why = "the folder of $TMPDIR may be written in Codex; it is not known here"
            yield sheet.item(path, "narrower", why=why, name=f"{sheet.prefix}-tmpdir")


def _shared(mode: str, settings: Mapping[str, Any], approval: Any) -> list[dict[str, Any]]:
    if mode == "danger-full-access":
        return []
    devices = rule(WRITING, {"path": DEVICES}, "allow")
    if mode == "workspace-write" and settings.get("network_access"):
        return [devices]
    return [devices, rule(SOCKETS, {"protocol": "unix"}, stopped(approval))]


def _writable(path: Path, settings: Mapping[str, Any]) -> Iterator[Entry]:
    yield Entry(path, Spot(WORKSPACE, ""), "write", name="codex-workspace")
    if not settings.get("exclude_slash_tmp"):
        yield Entry(path, Spot(ROOT, "/tmp"), "write", name="codex-tmp")  # noqa: S108 - the folder that is meant
    for i, root in enumerate(settings.get("writable_roots", ())):
        known = root.startswith(("/", "~/")) or root == "~"
        spot = literal(root) if known else Nowhere("it is relative to the folder of the file")
        yield Entry(("sandbox_workspace_write", "writable_roots", i), spot, "write")
