"""Import of OpenAI Codex's ``config.toml`` and ``requirements.toml``: its sandbox modes and permission profiles.

The older settings (``sandbox_mode``) go before a permission profile where both are there, as Codex's manual says;
what the profile denies is denied then too.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.codex.access import entry_items, reads_everything
from pipeline.policy.dialects.codex.modes import approval_item, closed, defaults, mode_items, started, stopped
from pipeline.policy.dialects.codex.profiles import entries, network, network_items
from pipeline.policy.dialects.codex.requirements import head as requirement_head
from pipeline.policy.dialects.codex.requirements import requirement_items
from pipeline.policy.dialects.codex.shape import CONFIG, REQUIREMENTS, config_problems, is_requirements
from pipeline.policy.dialects.codex.toml import read_toml
from pipeline.policy.dialects.interface import Imported, Item
from pipeline.policy.dialects.srt.items import Sheet, told_apart
from pipeline.policy.dialects.srt.shapes import problems
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.json_places import JsonText

NOTES = (
    "Codex's own connections are in no settings file: allow them by the program (exe) before this is enforced.",
    "The folder of $TMPDIR, which Codex lets commands write, is not known here; allow it where it is needed.",
    "Where Codex asks before it runs a command outside its sandbox, the policy asks.",
    "Hosts are matched by name where the name of a connection is known; where it is not, nothing is allowed by name.",
)
_OWN = frozenset({"sandbox_mode", "sandbox_workspace_write", "approval_policy", "default_permissions", "permissions"})
_CLAIMS = re.compile(
    r"(?m)^\s*(sandbox_mode|approval_policy|default_permissions|allowed_(sandbox_modes|approval_policies|permission_profiles))\s*=|^\s*\[(sandbox_workspace_write|permissions\.)"
)


class Codex:
    """The dialect."""

    name = "codex"
    title = "OpenAI Codex config.toml and requirements.toml (checked with 0.169.0)"

    def recognises(self, text: str, filename: str) -> bool:
        """TOML with a key of Codex's sandbox; Codex's own names for the file where it is no TOML."""
        named = bool(re.search(r"(^|/)(\.codex/config|requirements|managed_config)\.toml$", filename))
        try:
            tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return named
        return bool(_CLAIMS.search(text)) or (named and ".codex/" in filename)

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` for what Codex refuses to start with."""
        found = read_toml(text, filename)
        sheet = Sheet(found, "codex", ("permissions", "filesystem", "network", "sandbox_workspace_write"))
        if is_requirements(found.data, filename):
            _refuse(filename, found, list(problems(REQUIREMENTS, found.data)))
            items, chosen = requirement_items(sheet, found.data), requirement_head(found.data)
        else:
            _refuse(filename, found, list(problems(CONFIG, found.data)) or list(config_problems(found.data)))
            items, chosen = _items(sheet, found.data), _defaults(found.data)
        return Imported({"name": "codex", "mode": "enforce", "defaults": chosen}, told_apart(items), NOTES)


def _refuse(filename: str, found: JsonText, wrong: list[tuple[Any, str]]) -> None:
    if wrong:
        raise PolicyError(filename, [Problem(*found.place(path), why) for path, why in wrong])


def _profile(data: dict[str, Any]) -> str:
    """The profile that counts; empty where the older settings do."""
    return "" if "sandbox_mode" in data else data.get("default_permissions", "")


def _defaults(data: dict[str, Any]) -> dict[str, str]:
    approval, chosen = data.get("approval_policy", "on-request"), _profile(data)
    if not chosen:
        return defaults(data.get("sandbox_mode", "read-only"), data.get("sandbox_workspace_write", {}), approval)
    profiles = data.get("permissions", {})
    settings, _ = network(profiles, chosen)
    made = closed(stopped(approval), network=False) | {"exec": started(approval)}
    if settings.get("enabled"):
        made = {k: v for k, v in made.items() if not k.startswith("net.")} | {"network": "deny"}
    return made if reads_everything(entries(profiles, chosen)) else made | {"file.read": "deny", "file.open": "deny"}


def _items(sheet: Sheet, data: dict[str, Any]) -> Iterator[Item]:
    approval, chosen = data.get("approval_policy", "on-request"), _profile(data)
    profiles = data.get("permissions", {})
    for key, value in data.items():
        if key == "approval_policy":
            yield approval_item(sheet, (key,), value)
        elif key not in _OWN:
            yield sheet.item((key,), "setting", why="it allows and denies nothing by itself, or Codex does not know it")
    if chosen:
        yield sheet.item(("default_permissions",), "exact", why="the profile that counts")
        yield from entry_items(sheet, entries(profiles, chosen))
        yield from network_items(sheet, profiles, chosen)
        yield from _unused(sheet, data, "default_permissions goes before it")
    else:
        mode = data.get("sandbox_mode", "read-only")
        path = ("sandbox_mode",) if "sandbox_mode" in data else ()
        yield from mode_items(sheet, path, mode, data.get("sandbox_workspace_write", {}), approval)
        if "default_permissions" in data:
            yield sheet.item(("default_permissions",), "setting", why="sandbox_mode goes before it")
            denied = [e for e in entries(profiles, data["default_permissions"]) if e.access == "deny"]
            yield from entry_items(sheet, denied)
    for name in profiles:
        if name != data.get("default_permissions"):
            yield sheet.item(("permissions", name), "setting", why="not the profile that counts")


def _unused(sheet: Sheet, data: dict[str, Any], why: str) -> Iterator[Item]:
    if "sandbox_workspace_write" in data:
        yield sheet.item(("sandbox_workspace_write",), "setting", why=why)


DIALECT = Codex()
