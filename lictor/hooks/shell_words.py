"""A shell command as words and operators, read as bash reads it, as far as that goes without running anything.

Quotes are taken off, the tilde and ``$HOME`` filled in. What only a running shell could know (other variables, the
output of commands, patterns of file names) leaves a word ``unknown``: its text is then what was written. Commands
inside of a word are kept, since they run as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lictor.hooks.brackets import ShellError, closing, until

OPERATORS = (
    "<<<", "<<-", "&>>", ";;&", "&&", "||", ";;", ";&", "|&", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<(", ">(",
    "\n", "&", ";", "|", "(", ")", "<", ">",
)  # fmt: skip
"""Longer ones first."""

_END = frozenset(" \t\n&;|()<>")
_GLOB = frozenset("*?[{")
_PLAIN = re.compile(r"""[^\s&;|()<>\\'"$`*?\[{]+""")
_QUOTED = re.compile(r"""[^"\\$`]+""")
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")


@dataclass(frozen=True)
class Token:
    """A word, or an operator where ``operator`` says so; ``plain`` words have no quotes and may be reserved."""

    text: str
    operator: bool = False
    known: bool = True
    plain: bool = True
    inner: tuple[str, ...] = ()


@dataclass
class _Word:
    """A word while it is read."""

    text: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    begun: bool = False
    known: bool = True
    plain: bool = True

    def add(self, text: str) -> None:
        self.text.append(text)
        self.begun = True

    def unknown(self, text: str, *inner: str) -> None:
        self.add(text)
        self.inner += inner
        self.known = self.plain = False


class Lexer:
    """Reads one text; ``home`` is what the tilde means, ``None`` where the text itself says so."""

    def __init__(self, text: str, home: str | None) -> None:
        self._text = text
        self._home = home
        self._at = 0
        self._word = _Word()
        self._awaited: list[tuple[str, bool, bool]] = []
        """Here-documents whose text begins on the next line: its last line, tabs cut, expanded."""

    def tokens(self) -> Iterator[Token]:
        """Words and operators in order; raises ``ShellError`` where the text breaks off."""
        here: str | None = None
        while True:
            token = self._next()
            if token is None:
                return
            if token.operator:
                here = token.text if token.text in ("<<", "<<-") else None
            elif here is not None:
                self._awaited.append((token.text, here == "<<-", token.plain))
                here = None
            yield token

    def _next(self) -> Token | None:
        self._skip_blanks()
        if self._at >= len(self._text):
            return None
        operator = next((o for o in OPERATORS if self._text.startswith(o, self._at)), None)
        if operator in ("<(", ">("):
            return self._read_word()
        if operator is not None:
            self._at += len(operator)
            inner = self._here_documents() if operator == "\n" else ()
            return Token(operator, operator=True, inner=inner)
        token = self._read_word()
        # Digits right before a redirection say which descriptor.
        is_descriptor = token.plain and token.text.isdigit() and self._text[self._at : self._at + 1] in ("<", ">")
        return self._next() if is_descriptor else token

    def _skip_blanks(self) -> None:
        while self._at < len(self._text):
            if self._text[self._at] in " \t":
                self._at += 1
            elif self._text.startswith("\\\n", self._at):
                self._at += 2
            elif self._text[self._at] == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return

    def _read_word(self) -> Token:
        self._word = word = _Word()
        self._tilde()
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter in "<>" and self._text.startswith("(", self._at + 1):
                self._process()
            elif letter in _END:
                break
            else:
                self._piece(letter)
        return Token("".join(word.text), known=word.known, plain=word.plain, inner=tuple(word.inner))

    def _tilde(self) -> None:
        if self._text[self._at] != "~":
            return
        after = self._text[self._at + 1 : self._at + 2]
        self._at += 1
        if (after in ("", "/") or after in _END) and self._home is not None:
            self._word.add(self._home)
        else:
            self._word.unknown("~")

    def _piece(self, letter: str) -> None:
        """One letter of a word, or one quoted or substituted part of it."""
        if letter == "\\":
            self._escaped()
        elif letter == "'":
            self._add_quoted(until(self._text, "'", self._at + 1))
        elif letter == '"':
            self._double()
        elif letter == "$":
            self._dollar()
        elif letter == "`":
            self._backtick()
        else:
            if letter in _GLOB and not self._is_own_word(letter):
                self._word.unknown(letter)
                self._at += 1
                return
            plain = _PLAIN.match(self._text, self._at)
            self._word.add(plain[0] if plain else letter)
            self._at += len(self._word.text[-1])

    def _is_own_word(self, letter: str) -> bool:
        """Whether a bracket stands alone (``{``, ``[`` and ``[[`` are commands) and is no pattern."""
        after = self._text[self._at + 1 : self._at + 2]
        if letter == "[" and after == "[" and not self._word.begun:
            after = self._text[self._at + 2 : self._at + 3]
            return after in _END or not after
        alone = not self._word.begun or self._word.text == ["["]
        return letter in "{[" and alone and (after in _END or not after)

    def _escaped(self) -> None:
        if not self._text.startswith("\\\n", self._at):
            self._word.add(self._text[self._at + 1 : self._at + 2])
            self._word.plain = False
        self._at += 2

    def _add_quoted(self, text: str) -> None:
        self._word.add(text)
        self._word.plain = False
        self._at += len(text) + 2

    def _double(self) -> None:
        self._word.add("")
        self._word.plain = False
        self._at += 1
        while not self._text.startswith('"', self._at):
            if self._at >= len(self._text):
                raise ShellError('" is not closed')
            letter = self._text[self._at]
            if letter == "\\" and self._text[self._at + 1 : self._at + 2] in ("$", "`", '"', "\\", "\n"):
                self._escaped()
            elif letter == "$":
                self._dollar(in_quotes=True)
            elif letter == "`":
                self._backtick()
            else:
                plain = _QUOTED.match(self._text, self._at)
                self._word.add(plain[0] if plain else letter)
                self._at += len(self._word.text[-1])
        self._at += 1

    def _dollar(self, *, in_quotes: bool = False) -> None:
        start, rest = self._at, self._text[self._at + 1 : self._at + 3]
        if rest.startswith("'") and not in_quotes:
            self._ansi(start)
        elif rest.startswith('"') and not in_quotes:
            self._at += 1
            self._double()
        elif rest == "((":
            self._at = closing(self._text, start + 1, "(", ")")
            self._word.unknown(self._text[start : self._at])
        elif rest.startswith("("):
            self._at = closing(self._text, start + 1, "(", ")")
            self._word.unknown(self._text[start : self._at], self._text[start + 2 : self._at - 1])
        elif rest.startswith("{"):
            self._at = closing(self._text, start + 1, "{", "}")
            self._variable(self._text[start : self._at], self._text[start + 2 : self._at - 1])
        else:
            found = _NAME.match(self._text, start + 1)
            self._at = found.end() if found else start + 1
            self._variable(self._text[start : self._at], found[0]) if found else self._word.add("$")

    def _ansi(self, start: int) -> None:
        """Quotes with escapes of C; those that it has leave the word unknown."""
        found = _ANSI.match(self._text, start)
        if found is None:
            raise ShellError("$' is not closed")
        self._at = found.end()
        self._word.add(found[1])
        self._word.plain = False
        self._word.known = self._word.known and "\\" not in found[1]

    def _variable(self, written: str, name: str) -> None:
        if name == "HOME" and self._home is not None:
            self._word.add(self._home)
            self._word.plain = False
        else:
            self._word.unknown(written)

    def _backtick(self) -> None:
        start = self._at
        self._at += 1
        while not self._text.startswith("`", self._at):
            if self._at >= len(self._text):
                raise ShellError("` is not closed")
            self._at += 2 if self._text[self._at] == "\\" else 1
        inner = re.sub(r"\\([\\`$])", r"\1", self._text[start + 1 : self._at])
        self._at += 1
        self._word.unknown(self._text[start : self._at], inner)

    def _process(self) -> None:
        """A process substitution: a name that stands for what a command says."""
        start = self._at
        self._at = closing(self._text, start + 1, "(", ")")
        self._word.unknown(self._text[start : self._at], self._text[start + 2 : self._at - 1])

    def _here_documents(self) -> tuple[str, ...]:
        """Step over the texts that begin here; gives the commands inside of those that are expanded."""
        inner: list[str] = []
        for last, tabs, expanded in self._awaited:
            lines = []
            while True:
                if self._at >= len(self._text):
                    break  # bash takes the end of the text for the last line
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = end + 1
                if (line.lstrip("\t") if tabs else line) == last:
                    break
                lines.append(line)
            if expanded:
                inner += Lexer("\n".join(lines), None).substituted()
        self._awaited = []
        return tuple(inner)

    def substituted(self) -> list[str]:
        """Commands substituted in a text where quotes mean nothing."""
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter == "$":
                self._dollar(in_quotes=True)
            elif letter == "`":
                self._backtick()
            else:
                self._at += 2 if letter == "\\" else 1
        return self._word.inner
