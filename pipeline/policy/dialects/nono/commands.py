"""Command policies of nono (tool sandboxes): what an invocation may say, as rules on command lines.

Each command has a sandbox of its own there, for each caller; Lictor has one set of rules for a run, so those sandboxes have no
counterpart. What an invocation policy denies, asks about, or leaves to its default is written for all callers.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from pipeline.policy.texts import quoted_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.json_places import Path

Invocation = tuple["Path", str, list[dict[str, Any]], str]
"""Where it stands, a text, rules without origin, and what is lost."""


def invocations(name: str, command: dict[str, Any], here: Path) -> Iterator[Invocation]:
    """Rules for each entry of a command's invocation policies."""
    paths = [f"**/{name}"] + ([command["executable"]] if str(command.get("executable") or "").startswith("/") else [])
    for caller, edge in (command.get("from") or {}).items():
        place = (*here, "from", caller)
        if edge == "deny":
            yield place, f"{name} from {caller}: deny", [_rule(paths, None, "deny")], "callers are not told apart here"
        elif isinstance(edge, dict) and edge.get("invocation_policy"):
            yield from _policy(name, paths, edge["invocation_policy"], (*place, "invocation_policy"))


def _policy(name: str, paths: list[str], policy: dict[str, Any], here: Path) -> Iterator[Invocation]:
    for key, action in (("deny", "deny"), ("approve", "ask")):
        for i, rule in enumerate(policy.get(key) or ()):
            made = [_rule(paths, above(rule), action, rule.get("reason"))]
            yield (*here, key, i), f"{key} {name} {rule.get('argv', '')}", made, "it holds for all callers here"
    default = policy.get("default") or "deny"
    action = {"deny": "deny", "approve": "ask", "allow": "allow"}[
        default if isinstance(default, str) else default["decision"]
    ]
    spared = [p for key in ("approve", "allow") for r in policy.get(key) or () for p in below(name, paths, r)]
    if action != "allow":
        rule = _rule(paths, None, action)
        made = [{**rule, "unless": {"argv": spared}} if spared else rule]
        yield (*here, "default"), f"{action} {name}", made, "it holds for all callers here"


def _rule(paths: list[str], argv: list[str] | None, action: str, reason: str | None = None) -> dict[str, Any]:
    match: dict[str, Any] = {"path": paths, **({"argv": argv} if argv else {})}
    said = {"because": " ".join(reason.split())[:1000]} if reason and reason.strip() else {}
    return {"on": ["exec"], "match": match, "action": action, **said}


def above(rule: dict[str, Any]) -> list[str] | None:
    """Patterns that miss no command line that the rule speaks of; ``None`` for any."""
    argv = rule.get("argv") or {}
    if argv.get("exact") or argv.get("prefix"):
        words = " ".join(quoted_text(shlex.quote(w)) for w in argv.get("exact") or argv["prefix"])
        return [f"* {words}"] + ([f"* {words} *"] if not argv.get("exact") else [])
    if argv.get("contains"):
        return ["*" + "*".join(quoted_text(_safe(w)) for w in argv["contains"][:1]) + "*"]
    return None


def _safe(word: str) -> str:
    """The longest part of a word that shell quoting leaves as it is."""
    return max(word.replace("'", " ").split(" "), key=len)


def below(name: str, paths: list[str], rule: dict[str, Any]) -> list[str]:
    """Patterns that match nothing that the rule does not speak of: under the command's own names only."""
    argv = rule.get("argv") or {}
    if rule.get("env") or argv.get("contains") or bool(argv.get("exact")) == bool(argv.get("prefix")):
        return []
    words = " ".join(quoted_text(shlex.quote(w)) for w in argv.get("exact") or argv["prefix"])
    called = [name, *(p for p in paths if p.startswith("/"))]
    plain = [f"{quoted_text(shlex.quote(c))} {words}" for c in called]
    return plain + ([f"{p} *" for p in plain] if argv.get("prefix") else [])
