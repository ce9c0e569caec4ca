"""Whether JavaScript takes a regular expression, and how many groups it captures.

srt compiles the ``extract`` of a masked credential when it reads its settings and refuses what does not compile
or captures nothing. Python's ``re`` takes other expressions, so the grammar (without the ``u`` flag) is read here.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"\(\?<([^>]*)>")
_IDENTIFIER = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_BRACES = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_ESCAPES = {"n": 10, "r": 13, "t": 9, "v": 11, "f": 12, "b": 8, "0": 0}


class RegexError(ValueError):
    """Why JavaScript would not compile an expression."""


def groups(text: str) -> int:
    """The number of capturing groups; raises ``RegexError``."""
    reader = _Reader(text)
    reader.whole()
    return reader.groups


class _Reader:
    """One pass over an expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0
        self.names: set[str] = set()
        self.referred: set[str] = set()
        self.named = _has_named_groups(text)

    def whole(self) -> None:
        """Read it to its end."""
        self._disjunction()
        if self.at < len(self.text):
            raise RegexError("')' without '('")
        if self.referred - self.names:
            raise RegexError("a reference to a group that is not there")

    def _disjunction(self) -> None:
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "|":
                self.at += 1
            elif self._term():
                self._quantifier()
            elif self._quantifier():
                raise RegexError("nothing to repeat")

    def _term(self) -> bool:
        """One term; whether a quantifier may follow it."""
        character = self.text[self.at]
        if character == "(":
            return self._group()
        if character == "[":
            self._set()
            return True
        if character == "\\":
            return self._escape()
        if character in "*+?" or _BRACES.match(self.text, self.at):
            raise RegexError("nothing to repeat")
        self.at += 1
        return character not in "^$"

    def _group(self) -> bool:
        text, repeatable = self.text, True
        if text.startswith(("(?=", "(?!", "(?:"), self.at):
            self.at += 3
        elif text.startswith(("(?<=", "(?<!"), self.at):
            self.at += 4
            repeatable = False
        elif text.startswith("(?<", self.at):
            self._name()
        elif text.startswith("(?", self.at):
            raise RegexError("an unknown kind of group")
        else:
            self.at += 1
            self.groups += 1
        self._disjunction()
        if self.at == len(text):
            raise RegexError("'(' without ')'")
        self.at += 1
        return repeatable

    def _name(self) -> None:
        found = _NAME.match(self.text, self.at)
        if not found or not _IDENTIFIER.fullmatch(found[1]) or found[1] in self.names:
            raise RegexError("a group name that is none, or stands twice")
        self.names.add(found[1])
        self.groups += 1
        self.at = found.end()

    def _escape(self) -> bool:
        if self.at + 1 == len(self.text):
            raise RegexError("a backslash at the end")
        character = self.text[self.at + 1]
        self.at += 2
        if character == "k" and self.named:
            found = re.compile(r"<([^>]*)>").match(self.text, self.at)
            if not found:
                raise RegexError("a reference without a name")
            self.referred.add(found[1])
            self.at = found.end()
        return character not in "bB"

    def _quantifier(self) -> bool:
        braces = _BRACES.match(self.text, self.at)
        if braces:
            if braces[3] and int(braces[1]) > int(braces[3]):
                raise RegexError("numbers in braces are out of order")
            self.at = braces.end()
        elif self.text[self.at : self.at + 1] in ("*", "+", "?"):
            self.at += 1
        else:
            return False
        self.at += self.text[self.at : self.at + 1] == "?"
        return True

    def _set(self) -> None:
        self.at += 1 + (self.text[self.at + 1 : self.at + 2] == "^")
        low: int | None = None
        while True:
            if self.at >= len(self.text):
                raise RegexError("'[' without ']'")
            if self.text[self.at] == "]":
                self.at += 1
                return
            if low is not None and self.text[self.at] == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
                if high is not None and high < low:
                    raise RegexError("a range out of order")
                low = None
                continue
            low = self._member()
            if low is None and self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1  # a class such as \d begins no range; what follows stands for itself
                if self.at < len(self.text):
                    self._member()

    def _member(self) -> int | None:
        """The code of one member of a set; ``None`` for a class such as digits."""
        character = self.text[self.at]
        self.at += 1
        if character != "\\":
            return ord(character)
        if self.at == len(self.text):
            raise RegexError("a backslash at the end")
        found = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})").match(self.text, self.at)
        if found:
            self.at = found.end()
            return int(found[1] or found[2], 16)
        character = self.text[self.at]
        self.at += 1
        return None if character in "dDsSwW" else _ESCAPES.get(character, ord(character))


def _has_named_groups(text: str) -> bool:
    plain = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", text, flags=re.DOTALL)
    return bool(re.search(r"\(\?<(?![=!])", plain))
