"""The ``permissions`` of Claude Code's settings as items: the rules one by one, then the mode and the folders.

A rule of Claude Code is about its own tools; here it is about whatever program does the same. A deny beats an ask,
and an ask beats an allow, as here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.claude_code.commands import allowed as allowed_command
from pipeline.policy.dialects.claude_code.commands import restricted as restricted_command
from pipeline.policy.dialects.claude_code.paths import Anchors, rule_pattern
from pipeline.policy.dialects.claude_code.rules import CHECKED, FILE_TOOLS, READING, PermissionRule, parse
from pipeline.policy.dialects.srt.files import ALL_ACCESS, WRITING
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.network import target
from pipeline.policy.dialects.srt.paths import EVERYWHERE, Nowhere, Spot, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

WEB_PORTS = [80, 443]
_EVERYBODY = "it holds for every program, not only for the agent's own tools"


@dataclass(frozen=True)
class Reading:
    """What the rules are read with: whose settings these are, and whether commands run in the sandbox."""

    sheet: Sheet
    anchors: Anchors
    sandboxed: bool


def rule_items(reading: Reading, path: Path, permissions: Mapping[str, Any]) -> Iterator[Item]:
    """Items of the lists of rules."""
    for action in permissions:
        if action in ("allow", "ask", "deny"):
            for i, value in enumerate(permissions[action]):
                yield _rule_item(reading, (*path, action, i), action, value)


def _rule_item(reading: Reading, path: Path, action: str, value: Any) -> Item:
    found = parse(value, action)
    if isinstance(found, str):
        outcome = "narrower" if action == "allow" else "unsupported"
        return reading.sheet.item(path, outcome, why=f"Claude Code skips this rule: {found}")
    if found.tool in FILE_TOOLS:
        return _file_rule(reading, path, action, found)
    if found.tool == "Bash":
        return _command_rule(reading, path, action, found)
    if found.tool == "WebFetch":
        return _web_rule(reading, path, action, found)
    if found.tool == "*" and action != "allow":
        everything = [rule(("exec", "file.read", "file.write"), {}, action), rule(("network",), {}, action)]
        return reading.sheet.item(
            path, "wider", everything, why="it takes all tools away; here nothing at all could run"
        )
    why = "no operation here is a call of this tool"
    return reading.sheet.item(path, "unsupported", why=why)


def _file_rule(reading: Reading, path: Path, action: str, found: PermissionRule) -> Item:
    sheet, reads = reading.sheet, found.tool in READING
    if action == "allow" and (found.tool not in CHECKED or reads):
        why = "reading is allowed unless a rule denies it" if reads else "Claude Code looks at paths of Edit rules only"
        return sheet.item(path, "exact" if reads else "narrower", why=why)
    on: tuple[str, ...] = WRITING
    if reads or action == "allow":
        on = ("file.open", "file.read") if reads else ("file.write",)
    if reading.sandboxed and action != "ask":
        on = ALL_ACCESS if reads else WRITING
    if found.content is None:
        return _whole_tool(sheet, path, action, on)
    pattern = rule_pattern(found.content, reading.anchors, deny=action != "allow")
    if isinstance(pattern, Nowhere):
        return _nowhere(sheet, path, action, on, pattern)
    made = [rule(on, {"path": pattern}, action)]
    if action == "allow":
        return sheet.item(path, "exact", made)
    unchecked = "" if found.tool in CHECKED else ", though Claude Code looks at paths of Read and Edit rules only"
    return sheet.item(path, "narrower", made, why=_EVERYBODY + unchecked)


def _whole_tool(sheet: Sheet, path: Path, action: str, on: tuple[str, ...]) -> Item:
    if action == "allow":
        return sheet.item(path, "exact", [rule(on, {}, "allow")])
    why = "Claude Code takes the tool away; here no program at all could read or write"
    return sheet.item(path, "wider", [rule(on, {}, action)], why=why)


def _nowhere(sheet: Sheet, path: Path, action: str, on: tuple[str, ...], spot: Nowhere) -> Item:
    if action == "allow" or spot.why.startswith("no file"):
        return sheet.item(path, "narrower" if action == "allow" else "setting", why=spot.why)
    why = f"{spot.why}, so everything is meant until the rule is accepted as left out"
    return sheet.item(path, "wider", [rule(on, {"path": EVERYWHERE}, action)], why=why)


def _command_rule(reading: Reading, path: Path, action: str, found: PermissionRule) -> Item:
    if action == "allow":
        outcome, rules, why = allowed_command(found.content)
        return reading.sheet.item(path, outcome, rules, why=why)
    outcome, rules, accepted, why = restricted_command(found.content, action)
    return reading.sheet.item(path, outcome, rules, accepted=accepted, why=why)


def _web_rule(reading: Reading, path: Path, action: str, found: PermissionRule) -> Item:
    sheet = reading.sheet
    host = None if found.content is None else found.content.removeprefix("domain:").strip()
    if host in (None, "*"):
        made = rule(("network",), {"port": WEB_PORTS} if action == "allow" else {}, action)
        if action == "allow":
            why = "the agent's own tool only fetches pages; here every program could send to every host"
            return sheet.item(path, "wider", accepted=[made], why=why)
        why = "Claude Code takes the tool away; here no program at all could reach the network"
        return sheet.item(path, "wider", [made], why=why)
    match, why = target(host or "")
    if not match:
        return sheet.item(path, "narrower" if action == "allow" else "unsupported", why=why or "it names no host")
    if action == "allow" and not reading.sandboxed:
        match = {**match, "port": WEB_PORTS}
    outcome = "exact" if action == "allow" else "narrower"
    return sheet.item(path, outcome, [rule(("network",), match, action)], why="" if action == "allow" else _EVERYBODY)


def folder_items(reading: Reading, path: Path, folders: list[str], *, on: tuple[str, ...]) -> Iterator[Item]:
    """Items of further working folders; ``on`` is what may be done in them without asking."""
    for i, entry in enumerate(folders):
        spot = resolve(entry)
        if not on:
            yield reading.sheet.item((*path, i), "setting", why="reading is allowed unless a rule denies it")
        elif isinstance(spot, Spot):
            named = spot if not spot.glob else resolve({"path": entry})
            pattern = named.tree[0] if isinstance(named, Spot) else ""
            yield reading.sheet.item((*path, i), "exact", [rule(on, {"path": pattern}, "allow")] if pattern else [])
        else:
            yield reading.sheet.item((*path, i), "narrower", why=f"it allows nothing here: {spot.why}")
