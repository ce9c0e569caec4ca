"""A shell script as the simple commands that it would run, in order.

Lists, pipelines, groups, subshells, conditions and loops are taken apart; each of their commands counts as if it
ran. At ``case``, functions and whatever else is not understood the reading ends: what was found stands, and the
rest is for the kernel to see.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lictor.hooks.brackets import ShellError
from lictor.hooks.shell_words import Lexer, Token

LARGEST = 128 << 10
"""Bytes of a script: Linux starts no program with a longer argument, so no agent can run it."""

ENDS = frozenset({"\n", ";", "&", "&&", "||", "|", "|&"})
REDIRECTS = frozenset({"<", ">", ">>", ">|", "<>", "&>", "&>>", ">&", "<&", "<<", "<<-", "<<<"})
_BEFORE = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"})
"""Reserved words that a command stands behind."""

_AFTER = frozenset({"fi", "done", "}"})
_LOST = frozenset({"case", "esac", "select", "function", "coproc"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[^]]*\])?\+?=")


@dataclass
class Simple:
    """One command: its words, where it is redirected, and the commands inside of its words."""

    words: list[Token] = field(default_factory=list)
    redirects: list[tuple[str, Token]] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    assigns: bool = False


Steps = list[Simple | str]
"""Commands in order; ``"("`` and ``")"`` stand where a subshell begins and ends."""


class _NotUnderstoodError(Exception):
    """A construct that is not read further."""


def parse(text: str, home: str) -> Steps:
    """The commands of a script as far as it is understood; never raises."""
    # Bash drops NUL, so what is left of the text is what would run.
    text = text.replace("\0", "")
    steps: Steps = []
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        return steps
    reader = _Reader(Lexer(text, None if re.search(r"\bHOME\b\s*=", text) else home).tokens(), steps)
    with contextlib.suppress(ShellError, _NotUnderstoodError, RecursionError):
        reader.read()
    return steps


class _Reader:
    """One pass over the tokens."""

    def __init__(self, tokens: Iterator[Token], steps: Steps) -> None:
        self._tokens = tokens
        self._steps = steps
        self._now = Simple()
        self._depth = 0

    def read(self) -> None:
        for token in self._tokens:
            self._now.inner += token.inner
            if token.operator:
                self._operator(token.text)
            elif self._is_first() and token.plain and self._reserved(token.text):
                continue
            elif not self._now.words and _ASSIGNMENT.match(token.text):
                self._now.assigns = True
            else:
                self._now.words.append(token)
        self._finish()

    def _operator(self, operator: str) -> None:
        if operator in ENDS:
            self._finish()
        elif operator in REDIRECTS:
            self._redirect(operator)
        elif operator == "(" and self._is_first():
            self._depth += 1
            self._steps.append("(")
        elif operator == ")" and self._depth:
            self._finish()
            self._depth -= 1
            self._steps.append(")")
        else:
            raise _NotUnderstoodError

    def _is_first(self) -> bool:
        """Whether a command has not begun yet: only there are words reserved."""
        return not (self._now.words or self._now.assigns or self._now.redirects)

    def _redirect(self, operator: str) -> None:
        target = next(self._tokens, None)
        if target is None or target.operator:
            raise _NotUnderstoodError
        self._now.inner += target.inner
        self._now.redirects.append((operator, target))

    def _reserved(self, word: str) -> bool:
        """Whether a word at the place of a command is one of the shell's own and has been dealt with."""
        if word in _LOST:
            raise _NotUnderstoodError
        if word == "for":
            self._skip(lambda t: t.operator)
            self._finish()
        elif word == "[[":
            self._skip(lambda t: not t.operator and t.plain and t.text == "]]")
        return word in _BEFORE or word in _AFTER or word in ("for", "[[")

    def _skip(self, last: Callable[[Token], bool]) -> None:
        for token in self._tokens:
            self._now.inner += token.inner
            if last(token):
                if token.operator and token.text not in (";", "\n"):
                    raise _NotUnderstoodError
                return
        raise _NotUnderstoodError

    def _finish(self) -> None:
        now, self._now = self._now, Simple()
        if now.words or now.redirects or now.inner or now.assigns:
            self._steps.append(now)
