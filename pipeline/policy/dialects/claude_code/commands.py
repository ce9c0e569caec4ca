"""Rules about commands (``Bash``) as rules about programs that start.

Claude Code looks at the text that it hands to a shell; here each program that the shell starts is looked at. A
deny or ask holds for every program with such a command line. An allow also names the program, in a folder that
only the system's administrator writes to, since a process may call itself what it likes in its command line.
"""

from __future__ import annotations

import re
from typing import Any

from pipeline.policy.dialects.srt.globs import quoted
from pipeline.policy.dialects.srt.items import rule

FOLDERS = "/{usr/bin,usr/sbin,usr/local/bin,usr/local/sbin,bin,sbin,opt/homebrew/bin}"
READ_ONLY = "{ls,cat,echo,pwd,head,tail,grep,wc,which,diff,stat,du}"
"""What Claude Code starts without asking; ``find`` and ``git``, where it asks for some uses, are left out."""

SHELLS = "**/{sh,bash,dash,zsh,ksh,fish}"
_WORD = re.compile(r"[A-Za-z0-9_.+-]+")
_BUILT_IN = frozenset(
    [
        ".",
        ":",
        "[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "cd",
        "command",
        "continue",
        "declare",
        "dirs",
        "disown",
        "eval",
        "exec",
        "exit",
        "export",
        "fg",
        "getopts",
        "hash",
        "history",
        "jobs",
        "let",
        "local",
        "popd",
        "pushd",
        "read",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "trap",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
        "if",
        "for",
        "while",
        "until",
        "case",
        "function",
        "select",
        "time",
    ]
)
_OPERATORS = re.compile(r"[|&;<>()$`\n]")
_WRAPPERS = frozenset({"timeout", "time", "nice", "nohup", "stdbuf", "env", "xargs"})


def patterns(content: str) -> list[str]:
    """Patterns of the command lines that a rule is about."""
    if content.endswith(":*"):
        start = _quoted(content[:-2])  # what stands before ':*' is plain text
        return [start, f"{start} *"]
    if content.endswith(" *"):
        start = _plain(content[:-2])
        return [start, f"{start} *"]
    return [_plain(content)]


def _quoted(text: str) -> str:
    return re.sub(r"([*?\\])", r"\\\1", text)


def _plain(text: str) -> str:
    """``*`` is any text in both languages; ``?`` is only itself in Claude Code's."""
    made, at = "", 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in ("*", "\\"):
            made += text[at : at + 2]
            at += 2
            continue
        made += {"?": "\\?", "\\": "\\\\"}.get(text[at], text[at])
        at += 1
    return made


def restricted(content: str | None, action: str) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]], str]:
    """Outcome, rules, rules once accepted, and why, of a deny or ask."""
    if content is None:
        shells = [rule(("exec",), {"path": SHELLS}, action)]
        why = "Claude Code takes its command tool away; here no program at all could start, or no shell once accepted"
        return "wider", [rule(("exec",), {}, action)], shells, why
    if "\0" in content:
        return "setting", [], [], "no command line holds such a character"
    first = content.split(maxsplit=1)[0] if content.split() else ""
    if first.removesuffix(":*") in _BUILT_IN:
        why = "shells do this themselves and start no program; only the shell that is told to is seen"
        return "unsupported", [], [], why
    if _OPERATORS.search(content):
        inside = f"*{_plain(content.removesuffix(':*'))}*"
        why = "several commands are seen together only where a shell is started with them"
        return "wider", [rule(("exec",), {"path": SHELLS}, action)], [rule(("exec",), {"argv": inside}, action)], why
    why = "it holds for every program with such a command line, whoever starts it"
    return "narrower", [rule(("exec",), {"argv": patterns(content)}, action)], [], why


def allowed(content: str | None) -> tuple[str, list[dict[str, Any]], str]:
    """Outcome, rules and why of an allow."""
    if content is None:
        return "exact", [rule(("exec",), {}, "allow")], ""
    first = content.split(maxsplit=1)[0].removesuffix(":*") if content.split() else ""
    if not _WORD.fullmatch(first) or first in _BUILT_IN | _WRAPPERS or _OPERATORS.search(content) or "\0" in content:
        return "narrower", [], "which program this would start cannot be told, so it is still asked about"
    match = {"argv": patterns(content), "path": f"{FOLDERS}/{quoted(first)}"}
    why = "programs outside the system's folders, and what they start in turn, are still asked about"
    return "narrower", [rule(("exec",), match, "allow")], why
