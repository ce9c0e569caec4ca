"""Codex's ``requirements.toml``: what an administrator leaves users to choose, so the widest choice is the policy."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.codex.access import Entry, entry_items, literal
from pipeline.policy.dialects.codex.modes import defaults, mode_items
from pipeline.policy.dialects.codex.shape import ASKS, MODES
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.texts import quoted_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

_DECISIONS = {"forbidden": "deny", "prompt": "ask", "allow": ""}
_UNSUPPORTED = {
    "experimental_network": "its hosts are not read here yet; write them as rules on domains",
    "mcp_servers": "no operation here is the start of an MCP server as such",
    "allowed_web_search_modes": "no operation here is the agent's own search of the web",
}


def widest(data: Mapping[str, Any]) -> tuple[str, Any]:
    """The widest mode that is left, and the mildest way of asking."""
    modes = [m for m in data.get("allowed_sandbox_modes", MODES) if m in MODES]
    mode = max(modes, key=MODES.index, default="read-only")
    policies = data.get("allowed_approval_policies", ("on-request",))
    asking = [p for p in policies if p in ASKS and p != "never"]
    if not asking:
        return mode, "never"
    return mode, "untrusted" if asking == ["untrusted"] else "on-request"


def head(data: Mapping[str, Any]) -> dict[str, str]:
    """The defaults."""
    mode, approval = widest(data)
    if "allowed_permission_profiles" in data and "allowed_sandbox_modes" not in data:
        mode = "read-only"  # which profiles these are may be known to other files only
    return defaults(mode, {}, approval)


def requirement_items(sheet: Sheet, data: Mapping[str, Any]) -> Iterator[Item]:
    """Items of the whole file."""
    mode, approval = widest(data)
    for key, value in data.items():
        here: Path = (key,)
        if key == "allowed_sandbox_modes":
            yield from mode_items(sheet, here, mode, {}, approval)
        elif key == "allowed_approval_policies":
            yield sheet.item(here, "exact", why="it stands in the defaults")
        elif key == "allowed_permission_profiles":
            yield sheet.item(
                here, "narrower", why="what these profiles allow is not in this file; nothing may be written"
            )
        elif key == "permissions" and isinstance(value, dict):
            yield from _permissions(sheet, here, value)
        elif key == "rules" and isinstance(value, dict):
            yield from _rules(sheet, here, value)
        elif key in _UNSUPPORTED:
            yield sheet.item(here, "unsupported", why=_UNSUPPORTED[key])
        else:
            yield sheet.item(here, "setting", why="it allows and denies nothing that is seen here")


def _permissions(sheet: Sheet, path: Path, permissions: Mapping[str, Any]) -> Iterator[Item]:
    denied = permissions.get("filesystem", {}).get("deny_read", ())
    where = (*path, "filesystem", "deny_read")
    yield from entry_items(sheet, [Entry((*where, i), literal(p), "deny") for i, p in enumerate(denied)])
    for name in permissions:
        if name != "filesystem":
            yield sheet.item((*path, name), "setting", why="a profile that users may choose")


def _rules(sheet: Sheet, path: Path, rules: Mapping[str, Any]) -> Iterator[Item]:
    for i, one in enumerate(rules.get("prefix_rules", ())):
        here = (*path, "prefix_rules", i)
        action = _DECISIONS.get(one.get("decision", "")) if isinstance(one, dict) else None
        words = _words(one.get("pattern")) if isinstance(one, dict) else None
        if action is None or words is None:
            yield sheet.item(here, "unsupported", why="it has a form that is not known here")
        elif not action:
            yield sheet.item(here, "exact", why="programs may start unless a rule stops them")
        else:
            starts = [" ".join(quoted_text(w) for w in choice) for choice in product(*words)]
            match = {"argv": [pattern for start in starts for pattern in (start, f"{start} *")]}
            because = str(one.get("justification", ""))
            why = "it holds for every program with such a command line, whoever starts it"
            yield sheet.item(here, "narrower", [rule(("exec",), match, action, because=because)], why=why)


def _words(pattern: Any) -> list[list[str]] | None:
    """The choices for each word of a prefix."""
    if not isinstance(pattern, list) or not pattern:
        return None
    found = []
    for part in pattern:
        choices = part.get("any_of", [part.get("token")]) if isinstance(part, dict) else [part]
        if not choices or not all(isinstance(c, str) and c and "\0" not in c for c in choices):
            return None
        found.append(choices)
    return found
