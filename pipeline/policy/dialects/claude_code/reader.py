"""Import of Claude Code's settings (``settings.json``, ``managed-settings.json``): permissions and sandbox.

What its settings say is carried out by the agent itself, tool by tool, and by its sandbox for commands; here it
holds for every program of the run. Where the agent asks, the policy asks.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.claude_code.modes import MODES, built_in_items, mode_item, stance
from pipeline.policy.dialects.claude_code.paths import Anchors
from pipeline.policy.dialects.claude_code.permissions import Reading, folder_items, rule_items
from pipeline.policy.dialects.claude_code.sandbox import sandbox_items
from pipeline.policy.dialects.interface import Imported, Item
from pipeline.policy.dialects.json_places import JsonText, read_json
from pipeline.policy.dialects.srt.files import WRITING
from pipeline.policy.dialects.srt.items import Sheet, rule, told_apart
from pipeline.policy.dialects.srt.paths import EVERYWHERE, WORKSPACE
from pipeline.policy.dialects.srt.shapes import Flag, Items, Record, Text, Whole, Word, problems
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.json_places import Path

_TEXTS, _FLAG = Items(Text()), Flag()

SETTINGS = Record(
    {
        "permissions": Record(
            {
                "defaultMode": Word(MODES),
                "disableBypassPermissionsMode": Word(("disable",)),
                "disableAutoMode": Word(("disable",)),
                "blockReadsOutsideWorkingDirectories": _FLAG,
                "additionalDirectories": _TEXTS,
            }
        ),
        "allowManagedPermissionRulesOnly": _FLAG,
        "sandbox": Record(
            {
                "enabled": _FLAG,
                "failIfUnavailable": _FLAG,
                "autoAllowBashIfSandboxed": _FLAG,
                "allowUnsandboxedCommands": _FLAG,
                "excludedCommands": _TEXTS,
                "network": Record(
                    {
                        "allowedDomains": _TEXTS,
                        "deniedDomains": _TEXTS,
                        "allowManagedDomainsOnly": _FLAG,
                        "strictAllowlist": _FLAG,
                        "allowUnixSockets": _TEXTS,
                        "allowAllUnixSockets": _FLAG,
                        "allowLocalBinding": _FLAG,
                        "httpProxyPort": Whole(),
                        "socksProxyPort": Whole(),
                    }
                ),
                "filesystem": Record(
                    {
                        "allowWrite": _TEXTS,
                        "denyWrite": _TEXTS,
                        "denyRead": _TEXTS,
                        "allowRead": _TEXTS,
                        "allowManagedReadPathsOnly": _FLAG,
                        "disabled": _FLAG,
                    }
                ),
            }
        ),
    }
)
"""What Claude Code reports as invalid; everything else passes."""

LISTS = ("allow", "ask", "deny")

NOTES = (
    "Rules of Claude Code are about its tools; here they hold for every program of the run, so a deny denies more.",
    "Claude Code's own connections are in no settings file: allow them by the program (exe) before this is enforced.",
    (
        "Claude Code starts a shell for each command. Where programs are asked about, allow the shell by its path once: "
        "each program that it starts is judged by itself."
    ),
    (
        "Before its own tools read outside the working folders Claude Code asks; reading is open here, since programs "
        "read their libraries by the same calls. What a rule denies is denied to all."
    ),
    (
        "A path that begins with one '/' belongs to the project, in a user's own settings to ~/.claude, as the name of "
        "the file tells. Upper and lower case count."
    ),
)

_ACCESS = {
    "deniedMcpServers": "no operation here is the start of an MCP server as such",
    "allowedMcpServers": "no operation here is the start of an MCP server as such",
}
_CLAIMS = frozenset({"allow", "ask", "deny", "defaultMode", "additionalDirectories", "disableBypassPermissionsMode"})
_SANDBOX = frozenset(SETTINGS.fields["sandbox"].fields)  # type: ignore[union-attr]  # a record, see above


class ClaudeCode:
    """The dialect."""

    name = "claude-code"
    title = "Claude Code settings (settings.json, managed settings; checked with 2.1.332)"

    def recognises(self, text: str, filename: str) -> bool:
        """The sections that no other product has; the agent's own names for the file where it is no JSON."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return bool(re.search(r"(^|/)(\.claude/settings(\.local)?|managed-settings)\.json$", filename))
        if not isinstance(data, dict):
            return False
        permissions, sandbox = data.get("permissions"), data.get("sandbox")
        return (isinstance(permissions, dict) and bool(_CLAIMS & permissions.keys())) or (
            isinstance(sandbox, dict) and bool(_SANDBOX & sandbox.keys())
        )

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` for what Claude Code reports as invalid settings."""
        found = _settings(text, filename)
        settings = found.data
        permissions, sandbox = settings.get("permissions") or {}, settings.get("sandbox") or {}
        sheet = Sheet(found, "claude-code", ("permissions", "sandbox", "filesystem", "network", "credentials"))
        stands, sandboxed = stance(permissions, sandbox), bool(sandbox.get("enabled"))
        reading = Reading(sheet, Anchors.of(filename), sandboxed)
        head = {"name": "claude-code", "mode": "enforce", "defaults": stands.defaults(sandboxed=sandboxed)}
        items = [*_items(reading, settings), *built_in_items(sheet, stands, sandboxed=sandboxed)]
        return Imported(head, told_apart(items), NOTES)


def _settings(text: str, filename: str) -> JsonText:
    found = read_json(text if text.strip() else "{}", filename)
    wrong = list(problems(SETTINGS, found.data)) or list(_lists(found.data))
    if wrong:
        raise PolicyError(filename, [Problem(*found.place(path), why) for path, why in wrong])
    return found


def _lists(settings: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The lists of rules must be lists; what is in them that is no rule is only skipped."""
    permissions = settings.get("permissions", {})
    for key in LISTS:
        if key in permissions and not isinstance(permissions[key], list):
            yield ("permissions", key), f"'permissions.{key}' must be a list of rules"


def _items(reading: Reading, settings: dict[str, Any]) -> Iterator[Item]:
    for key, value in settings.items():
        if key == "permissions":
            yield from _permissions(reading, (key,), value)
        elif key == "sandbox":
            yield from sandbox_items(reading.sheet, (key,), value, reading.anchors)
        elif key in _ACCESS:
            yield reading.sheet.item((key,), "unsupported", why=_ACCESS[key])
        else:
            yield reading.sheet.item((key,), "setting", why="it allows and denies nothing by itself")


def _permissions(reading: Reading, path: Path, permissions: dict[str, Any]) -> Iterator[Item]:
    yield from rule_items(reading, path, permissions)
    edits = ("file.write",) if permissions.get("defaultMode") == "acceptEdits" else ()
    for key, value in permissions.items():
        here = (*path, key)
        if key == "defaultMode":
            yield mode_item(reading.sheet, here, permissions)
        elif key == "additionalDirectories":
            yield from folder_items(reading, here, value, on=WRITING if reading.sandboxed else edits)
        elif key == "blockReadsOutsideWorkingDirectories":
            yield _reads_outside(reading.sheet, here, block=value)
        elif key not in LISTS:
            why = (
                "it keeps a mode from being used" if key.startswith("disable") else "Claude Code does not know this key"
            )
            yield reading.sheet.item(here, "setting", why=why)


def _reads_outside(sheet: Sheet, path: Path, *, block: bool) -> Item:
    if not block:
        return sheet.item(path, "exact", why="the default")
    inside = {"path": [f"{WORKSPACE}/**"]}
    everything = rule(("file.read",), {"path": EVERYWHERE}, "deny", unless=inside)
    people = rule(("file.read",), {"path": ["~/**", "/{home,Users,root,Volumes}/**"]}, "deny", unless=inside)
    why = "the agent's tools read nothing outside the working folders; programs could not even read their libraries"
    return sheet.item(path, "wider", [everything], accepted=[people], why=why)


DIALECT = ClaudeCode()
