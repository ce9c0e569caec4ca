"""The ``sandbox`` of Claude Code's settings: srt's lists with other anchors, and what Claude Code does around them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.claude_code.paths import Anchors, sandbox_spot
from pipeline.policy.dialects.srt.files import WRITING, denied_read, file_items, ignored_items
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.network import network_items
from pipeline.policy.dialects.srt.paths import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

OWN_FILES = [
    "{${HOME},${workspace}}/.claude/{settings.json,settings.local.json}",
    "${workspace}/.claude/skills/**",
    "/etc/claude-code/**",
]
"""What would let a command out of the sandbox."""

TEMPORARY = "/tmp/claude-*/**"  # noqa: S108 - the agent's own folder

_WHY = {
    "enabled": "the sandbox is on",
    "autoAllowBashIfSandboxed": "it stands in the default for programs",
    "allowUnsandboxedCommands": "it stands in the defaults: denied where it is false, else asked about",
}
_FILES = frozenset({"denyRead", "allowRead", "allowWrite", "denyWrite", "allowGitConfig"})
_HOSTS = frozenset(
    [
        "allowedDomains",
        "deniedDomains",
        "deniedResolvedAddresses",
        "allowUnixSockets",
        "allowAllUnixSockets",
        "allowLocalBinding",
    ]
)


def sandbox_items(sheet: Sheet, path: Path, sandbox: Mapping[str, Any], anchors: Anchors) -> Iterator[Item]:
    """Items of the section."""
    if not sandbox.get("enabled"):
        yield from (sheet.item((*path, key), "setting", why="the sandbox is off") for key in sandbox)
        return
    resolver = partial(sandbox_spot, anchors=anchors)
    for key, value in sandbox.items():
        here = (*path, key)
        if key == "excludedCommands":
            why = "Claude Code runs it outside the sandbox and then asks; here it has the rights of every command"
            yield from (sheet.item((*here, i), "narrower", why=why) for i in range(len(value)))
        elif key == "credentials" and isinstance(value, Mapping):
            yield from _credentials(sheet, here, value, anchors)
        elif key not in ("filesystem", "network"):
            outcome = "exact" if key in _WHY else "setting"
            yield sheet.item(here, outcome, why=_WHY.get(key, "it tells the sandbox how to work, and allows nothing"))
    yield from _files(sheet, path, sandbox, resolver)
    yield from _network(sheet, path, sandbox)


def _files(sheet: Sheet, path: Path, sandbox: Mapping[str, Any], resolver: Any) -> Iterator[Item]:
    files = sandbox.get("filesystem") or {}
    here = (*path, "filesystem") if files else path
    for key in files:
        if key not in _FILES:
            why = "all rules about files are switched off" if key == "disabled" else "it tells whose lists count"
            yield sheet.item((*here, key), "setting", why=why)
    if files.get("disabled"):
        yield from ignored_items(sheet, here, files)
        everything = [rule(WRITING, {}, "allow")]
        why = "commands may write everywhere; so may the agent's own tools here, which ask"
        yield sheet.item(
            (*here, "disabled"), "wider", accepted=everything, why=why, name=f"{sheet.prefix}-no-file-rules"
        )
        return
    yield from file_items(sheet, here, files, resolver)
    own = [rule(WRITING, {"path": [f"{WORKSPACE}/**", TEMPORARY]}, "allow"), rule(WRITING, {"path": OWN_FILES}, "deny")]
    yield sheet.item(path, "exact", own, name=f"{sheet.prefix}-working-folder")


def _network(sheet: Sheet, path: Path, sandbox: Mapping[str, Any]) -> Iterator[Item]:
    network = sandbox.get("network") or {}
    here = (*path, "network") if network else path
    for key in network:
        if key not in _HOSTS:
            yield sheet.item((*here, key), "setting", why=_host_setting(key))
    yield from network_items(sheet, here, network)


def _host_setting(key: str) -> str:
    if key in ("allowManagedDomainsOnly", "strictAllowlist"):
        return "it stands in the default for the network: denied, not asked about"
    return "it tells the sandbox's proxy how to work"


def _credentials(sheet: Sheet, path: Path, credentials: Mapping[str, Any], anchors: Anchors) -> Iterator[Item]:
    for key, value in credentials.items():
        here = (*path, key)
        if key == "files" and isinstance(value, list):
            for i, entry in enumerate(value):
                if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                    why = "the sandbox may show a stand-in in its place; here the file cannot be read at all"
                    yield denied_read(sheet, (*here, i), sandbox_spot(entry["path"], anchors), why=why)
        elif key == "envVars":
            yield sheet.item(here, "unsupported", why="no operation here is the reading of an environment variable")
        else:
            yield sheet.item(here, "setting", why="it tells the sandbox's proxy how to send masked credentials")
