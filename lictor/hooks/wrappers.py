"""Programs that start the program named in their arguments: ``env``, ``sudo``, ``timeout``, ``xargs`` and the like.

Where an option is not known the reading ends there: a wrong guess would judge a value as a program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lictor.hooks.shell_words import Token

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


@dataclass(frozen=True)
class Wrapper:
    """Short options without and with a value, and how many words come before the program."""

    flags: str = ""
    valued: str = ""
    words: int = 0
    assigns: bool = False


WRAPPERS = {
    "env": Wrapper("i0v", "uC", assigns=True),
    "nohup": Wrapper(),
    "setsid": Wrapper("cfw"),
    "nice": Wrapper("", "n"),
    "ionice": Wrapper("t", "cn"),
    "timeout": Wrapper("fpv", "ks", words=1),
    "stdbuf": Wrapper("", "ioe"),
    "time": Wrapper("apqv", "fo"),
    "xargs": Wrapper("0rtpxo", "adEILnPs"),
    "sudo": Wrapper("AbEHnPSikKs", "ughpCrtTUDR", assigns=True),
    "doas": Wrapper("nLs", "uC", assigns=True),
    "command": Wrapper("p"),
    "builtin": Wrapper(),
    "exec": Wrapper("cl", "a"),
}
"""By name; ``command``, ``builtin`` and ``exec`` are the shell's own."""


def started(name: str, arguments: Sequence[Token]) -> Sequence[Token] | None:
    """The words that a wrapper would start, empty for none; ``None`` where that cannot be told."""
    wrapper, at = WRAPPERS[name], 0
    while at < len(arguments) and arguments[at].text.startswith("-") and arguments[at].text != "-":
        if not arguments[at].known:
            return None
        at += 1
        if arguments[at - 1].text == "--":
            break
        taken = _taken(wrapper, arguments[at - 1].text)
        if taken is None:
            return None
        at += taken
    while wrapper.assigns and at < len(arguments) and _ASSIGNMENT.match(arguments[at].text):
        at += 1
    return arguments[at + wrapper.words :]


def _taken(wrapper: Wrapper, option: str) -> int | None:
    """How many words behind an option belong to it; ``None`` for an option that is not known."""
    if option.startswith("--"):
        return 0 if "=" in option else None
    for i, letter in enumerate(option[1:], 2):
        if letter in wrapper.valued:
            return 0 if option[i:] else 1
        if letter not in wrapper.flags:
            return None
    return 0


def script_of(arguments: Sequence[Token]) -> Token | None:
    """The script of ``bash -c SCRIPT``; ``None`` where the shell was given none."""
    wanted = False
    at = 0
    while at < len(arguments):
        text = arguments[at].text
        if not text.startswith(("-", "+")) or text in ("-", "--"):
            break
        if not text.startswith("--"):
            wanted = wanted or ("c" in text[1:] and text.startswith("-"))
            at += 1 if text.endswith(("o", "O")) else 0
        at += 1
    if at < len(arguments) and arguments[at].text == "--":
        at += 1
    return arguments[at] if wanted and at < len(arguments) else None
