"""How near an agentsh rule comes to what is written for it, and why, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.agentsh.commands import command
from pipeline.policy.dialects.agentsh.files import WATCHED, covers, operations, patterns
from pipeline.policy.dialects.agentsh.globs import with_tops
from pipeline.policy.dialects.agentsh.network import entry
from pipeline.policy.dialects.agentsh.order import ACTIONS, LIFTING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.dialects.agentsh.files import Files
    from pipeline.policy.dialects.agentsh.order import Program, Written

    Line = tuple[Written, tuple[str, ...]]

Reason = tuple[str, str]

UNREACHED = "an earlier rule decides everything that it speaks of, so it is never reached"
KEPT = "an earlier rule lets through a part of it that no exception can tell here; that part is denied too"


def _narrower(why: str) -> Reason:
    return ("narrower" if why else "exact"), why


def _decision(rule: dict[str, Any]) -> str:
    """What a decision loses by itself."""
    said = str(rule.get("decision") or "").lower()
    if said == "redirect":
        return "what agentsh redirects is denied here"
    if said == "soft_delete":
        return "what agentsh moves to its trash is denied here"
    return "" if said in ACTIONS else f"agentsh takes the decision '{said}' for deny"


def file_reason(index: int, rule: dict[str, Any], lines: Sequence[Line], files: Files) -> Reason:
    """Why a file rule is what it is."""
    listed = operations(rule)
    if listed is not None and not listed & WATCHED:
        return "unsupported", "no operation here stands for what it speaks of"
    if not lines and index not in files.reached and patterns(rule).exact and patterns(rule).upper:
        return _unwritten(rule)
    if not patterns(rule).upper:
        return "exact", ""
    return _narrower(_decision(rule) or _file_loss(rule, lines))


def _unwritten(rule: dict[str, Any]) -> Reason:
    if covers(rule, "read") != covers(rule, "open"):
        return "narrower", "agentsh asks for open as well as for read, and this names one of them"
    return "exact", ""


def _file_loss(rule: dict[str, Any], lines: Sequence[Line]) -> str:
    found = patterns(rule)
    if not found.exact:
        return "a pattern cannot be written exactly here; less is allowed, or more denied"
    if ACTIONS.get(str(rule.get("decision") or "").lower()) in LIFTING:
        half = covers(rule, "read") != covers(rule, "open")
        return "agentsh asks for open as well as for read, and this names one of them" if half else ""
    if not all(written.whole for written, _ in lines):
        return KEPT
    if any("path" in w.match for w, _ in lines) and with_tops(found.upper) != found.upper:
        return "a folder that is denied with all below it is denied itself, too"
    return ""


def network_reason(index: int, rule: dict[str, Any], lines: Sequence[Line], made: Program) -> Reason:
    """Why a network rule is what it is."""
    found = entry(index, rule)
    if index in made.unreached:
        return _narrower(UNREACHED)
    if index == made.owner:
        return _narrower("" if found.exact or found.action == "deny" else "'*' is taken for any host")
    if found.action in LIFTING and not found.exact:
        return (
            "wider",
            "agentsh's '*' is a single label of a name, and Lictor's is any depth; names without it are allowed",
        )
    if not found.exact:
        return "narrower", "agentsh's '*' is a single label of a name, and more than that is denied here"
    return _narrower(_decision(rule) or ("" if all(w.whole for w, _ in lines) else KEPT))


def command_reason(index: int, rule: dict[str, Any], lines: Sequence[Line], made: Program) -> Reason:
    """Why a command rule is what it is."""
    found = command(index, rule)
    if index in made.unreached:
        return _narrower(UNREACHED)
    if not found.every_depth:
        return (
            "narrower",
            "depths are not told apart here: an allow is left out, anything stricter holds at every depth",
        )
    if not found.exact and index != made.owner:
        return "narrower", "an argument pattern cannot be written exactly here; less is allowed, or more denied"
    if found.action in LIFTING:
        relative = any("/" in n and not n.startswith(("/", "*")) for n in found.names)
        return _narrower("a relative path of a program cannot be allowed here" if relative else "")
    return _narrower(_decision(rule) or ("" if all(w.whole for w, _ in lines) else KEPT))


def socket_reason(_index: int, rule: dict[str, Any], lines: Sequence[Line]) -> Reason:
    """Why a rule on unix sockets is what it is."""
    abstract = any(str(p or "").startswith("@") for p in rule.get("paths") or ())
    if abstract:
        return "narrower", "sockets without a path cannot be named here; they are denied"
    return _narrower(_decision(rule) or ("" if all(w.whole for w, _ in lines) else KEPT))
