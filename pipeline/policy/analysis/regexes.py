"""The regular expressions that ``globs`` and ``texts`` write, read back as small automata.

Only what those two write is read: characters, sets, ``.``, groups, ``*``, ``+`` and ``?``. Anything else raises
``Unreadable``, and whoever asked then says nothing: an analysis that guesses would be worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

LAST = 0x10FFFF

Span = tuple[int, int]
Spans = tuple[Span, ...]
"""Code points, as first and last of each run, ascending."""

ANY: Spans = ((0, LAST),)
_LINE: Spans = ((0, 9), (11, LAST))
_SPACES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class Unreadable(ValueError):  # noqa: N818 - what the expression is
    """An expression holds something that is not read here."""


@dataclass
class Automaton:
    """States with edges by character and free moves; ``start`` is the first, ``end`` the only one that accepts."""

    start: int = 0
    end: int = 0
    edges: list[list[tuple[Spans, int]]] = field(default_factory=list)
    free: list[list[int]] = field(default_factory=list)

    def state(self) -> int:
        """A new state."""
        self.edges.append([])
        self.free.append([])
        return len(self.edges) - 1

    def closed(self, states: frozenset[int]) -> frozenset[int]:
        """The states and all that free moves reach from them."""
        found, left = set(states), list(states)
        while left:
            for other in self.free[left.pop()]:
                if other not in found:
                    found.add(other)
                    left.append(other)
        return frozenset(found)

    def edges_of(self, states: frozenset[int]) -> list[tuple[Spans, int]]:
        """Edges that leave some states."""
        return [edge for state in states for edge in self.edges[state]]

    @cached_property
    def everything(self) -> frozenset[int]:
        """States from which every text is accepted, as behind a final ``.*``."""
        return frozenset(
            state
            for state, edges in enumerate(self.edges)
            if self.end in self.closed(frozenset({state}))
            and any(spans == ANY and state in self.closed(frozenset({other})) for spans, other in edges)
        )

    @cached_property
    def borders(self) -> frozenset[int]:
        """Code points at which some edge begins or has just ended."""
        return frozenset(
            edge for edges in self.edges for spans, _ in edges for low, high in spans for edge in (low, high + 1)
        )


@lru_cache(maxsize=20_000)
def automaton(regex: str) -> Automaton:
    """The automaton of an expression that must match whole; raises ``Unreadable``."""
    made = Automaton()
    made.start = made.state()
    reader = _Reader(regex, made)
    made.end = reader.sequence(made.start)
    if reader.at != len(regex):
        raise Unreadable(regex)
    return made


class _Reader:
    """Reads an expression from left to right; each part leads from one state to another."""

    def __init__(self, text: str, made: Automaton) -> None:
        self.text, self.made, self.at = text, made, 0
        self.dot = _LINE

    def sequence(self, start: int) -> int:
        """Parts one after another, to the end of the text or of the group."""
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text.startswith("(?s)", self.at):
                self.at, self.dot = self.at + 4, ANY
            elif self.text.startswith("\\z", self.at) and self.at + 2 == len(self.text):
                self.at += 2
            else:
                start = self._repeated(start)
        return start

    def _repeated(self, start: int) -> int:
        first = self.made.state()
        self.made.free[start].append(first)
        last = self._part(first)
        sign = self.text[self.at : self.at + 1]
        if sign and sign in "*+?":
            self.at += 1
            end = self.made.state()
            self.made.free[last].append(end)
            if sign in "*?":
                self.made.free[first].append(end)
            if sign in "*+":
                self.made.free[last].append(first)
            return end
        return last

    def _part(self, start: int) -> int:
        c = self._take()
        if c == "(":
            if not self.text.startswith("?:", self.at):
                raise Unreadable(self.text)
            self.at += 2
            end = self.sequence(start)
            if self._take() != ")":
                raise Unreadable(self.text)
            return end
        if c in "*+?|{}^$":
            raise Unreadable(self.text)
        end = self.made.state()
        self.made.edges[start].append((self._characters(c), end))
        return end

    def _characters(self, c: str) -> Spans:
        if c == ".":
            return self.dot
        if c == "[":
            return self._set()
        code = self._escaped() if c == "\\" else ord(c)
        return ((code, code),)

    def _set(self) -> Spans:
        negated = self.text[self.at : self.at + 1] == "^"
        self.at += negated
        spans: list[Span] = []
        while (c := self._take()) != "]":
            low = high = self._escaped() if c == "\\" else ord(c)
            if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                c = self._take()
                high = self._escaped() if c == "\\" else ord(c)
            spans.append((low, high))
        return _complement(spans) if negated else tuple(sorted(spans))

    def _escaped(self) -> int:
        c = self._take()
        if c == "x":
            return self._hexadecimal()
        if c in _SPACES:
            return ord(_SPACES[c])
        if c.isalnum() and c.isascii():
            raise Unreadable(self.text)
        return ord(c)

    def _hexadecimal(self) -> int:
        if self.text[self.at : self.at + 1] == "{":
            end = self.text.find("}", self.at)
            digits, after = self.text[self.at + 1 : end], end + 1
        else:
            digits, after = self.text[self.at : self.at + 2], self.at + 2
        self.at = after
        try:
            return int(digits, 16)
        except ValueError:
            raise Unreadable(self.text) from None

    def _take(self) -> str:
        if self.at >= len(self.text):
            raise Unreadable(self.text)
        self.at += 1
        return self.text[self.at - 1]


def _complement(spans: list[Span]) -> Spans:
    found, after = [], 0
    for low, high in sorted(spans):
        if low > after:
            found.append((after, low - 1))
        after = max(after, high + 1)
    return (*found, *(((after, LAST),) if after <= LAST else ()))
