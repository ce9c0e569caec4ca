"""Permission rules of Claude Code as text: ``Tool`` or ``Tool(content)``, and which of them it skips.

Claude Code drops a rule that it cannot read, with a warning, and goes on; the reasons here are those that its own
``doctor`` gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

FILE_TOOLS = frozenset({"Read", "Edit", "Write", "MultiEdit", "NotebookEdit", "Glob", "Grep"})
READING = frozenset({"Read", "Glob", "Grep"})
CHECKED = frozenset({"Read", "Edit"})
"""The tools whose paths are looked at; a path behind another one has no effect."""


@dataclass(frozen=True)
class PermissionRule:
    """A rule that can be read; ``content`` is ``None`` for the tool as a whole."""

    tool: str
    content: str | None


def parse(value: Any, action: str) -> PermissionRule | str:
    """The rule, or why Claude Code skips it."""
    if not isinstance(value, str):
        return "it is no text"
    if not value:
        return "it is empty"
    tool, opening, rest = value.partition("(")
    if (opening and not rest.endswith(")")) or (not opening and (")" in value or value != value.strip())):
        return "it has the form neither of Tool nor of Tool(content)"
    content = rest[:-1] if opening else None
    return _tool(tool, content, action) or _content(tool, content) or PermissionRule(tool, _whole(content))


def _whole(content: str | None) -> str | None:
    """``Tool(*)`` is the whole tool."""
    return None if content in ("*", "**") else content


def _tool(tool: str, content: str | None, action: str) -> str:
    if tool.startswith("mcp__"):
        if content is not None:
            return "rules about MCP tools have nothing in parentheses"
        wild = action == "allow" and "*" in tool and not re.fullmatch(r"mcp__[^*]+__.*", tool)
        return "an allow must name the MCP server" if wild else ""
    if "*" in tool:
        return "an allow must name its tool" if action == "allow" else ""
    return "" if tool[:1].isupper() else "names of tools begin with a capital letter"


def _content(tool: str, content: str | None) -> str:
    if content is None:
        return ""
    if not content:
        return "there is nothing in its parentheses"
    if tool == "WebFetch":
        return _host(content)
    if tool == "Bash" and content == ":*":
        return "there is nothing before ':*'"
    return "':*' is for commands only" if tool in FILE_TOOLS and content.endswith(":*") else ""


def _host(content: str) -> str:
    if "://" in content:
        return "it must name a host as in domain:example.com, not an address of a page"
    return "" if content.startswith("domain:") else "it must have the form domain:example.com"
