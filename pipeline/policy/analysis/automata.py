"""What two patterns have to do with each other: whether one holds all of the other, and a text that both match.

Exact, by walking both automata at once over classes of characters that neither tells apart. Some patterns blow up in
such a walk; it ends at a budget and the answer then is ``None``: not known.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pipeline.policy.analysis.regexes import LAST, Automaton, Unreadable, automaton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

BUDGET = 3000
"""Pairs of state sets that one walk looks at."""

_LIKED = "xyzabcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/."
_LIKING = {ord(c): i for i, c in enumerate(_LIKED)}
"""Characters of an example, best first."""

Universe = Literal["path", "text"]


@dataclass(frozen=True)
class Found:
    """Outcome of a walk: a text where there is one; ``sure`` is false where the budget ended it."""

    text: str | None
    sure: bool = True


_UNKNOWN = Found(None, sure=False)


def difference(inner: str, outers: Sequence[str], universe: Universe | None = None) -> Found:
    """A text that ``inner`` matches and none of ``outers`` does; none and sure: they hold all of it.

    With a universe only texts of it count as examples, and *sure* is said of those only.
    """
    try:
        one, others = automaton(inner), [automaton(outer) for outer in outers]
    except Unreadable:
        return _UNKNOWN

    def accepts(states: _States) -> bool:
        return one.end in states[0] and not any(a.end in s for a, s in zip(others, states[1:], strict=True))

    def lives(states: _States) -> bool:
        return all(a.everything.isdisjoint(s) for a, s in zip(others, states[1:], strict=True))

    return _Walk([one, *others], 1, universe).run(accepts, lives)


def common(patterns: Sequence[str], universe: Universe | None) -> Found:
    """A text of the universe that all patterns match; none and sure: there is no such text."""
    try:
        found = [automaton(pattern) for pattern in patterns]
    except Unreadable:
        return _UNKNOWN

    def accepts(states: _States) -> bool:
        return all(a.end in s for a, s in zip(found, states, strict=True))

    return _Walk(found, len(found), universe).run(accepts, lambda _states: True)


_States = tuple[frozenset[int], ...]
_NOWHERE: frozenset[int] = frozenset()


class _Walk:
    """A walk through several automata at once; the first ``bound`` of them must all go on."""

    def __init__(self, found: Sequence[Automaton], bound: int, universe: Universe | None) -> None:
        self._found, self._bound = found, bound
        self._characters = _classes(found, universe)
        self._ascending = sorted(self._characters)
        self._liking = {c: i for i, c in enumerate(self._characters)}
        self._place = _Plain() if universe == "path" else None
        self._moves: list[dict[frozenset[int], dict[int, frozenset[int]]]] = [{} for _ in found]

    def run(self, accepts: Callable[[_States], bool], lives: Callable[[_States], bool]) -> Found:
        """Breadth first, so that the text is among the shortest."""
        start = tuple(a.closed(frozenset({a.start})) for a in self._found)
        queue: deque[tuple[_States, int, str]] = deque([(start, 0, "")])
        seen = {(start, 0)}
        while queue:
            states, shape, text = queue.popleft()
            if accepts(states) and (self._place is None or self._place.whole(shape)):
                return Found(text)
            if len(seen) > BUDGET:
                return _UNKNOWN
            for character, reached, after in self._next(states, shape):
                if (reached, after) not in seen and lives(reached):
                    seen.add((reached, after))
                    queue.append((reached, after, text + chr(character)))
        return Found(None)

    def _next(self, states: _States, shape: int) -> Iterator[tuple[int, _States, int]]:
        moves = [self._moves_of(i, s) for i, s in enumerate(states)]
        ways = min(moves[: self._bound], key=len)
        for character in sorted(ways, key=self._liking.__getitem__):
            after = 0 if self._place is None else self._place.step(shape, character)
            if after is not None and all(character in move for move in moves[: self._bound]):
                yield character, tuple(move.get(character, _NOWHERE) for move in moves), after

    def _moves_of(self, number: int, states: frozenset[int]) -> dict[int, frozenset[int]]:
        """Where each character leads from some states of one automaton."""
        known = self._moves[number].get(states)
        if known is None:
            reached: dict[int, set[int]] = {}
            for spans, other in self._found[number].edges_of(states):
                for low, high in spans:
                    first = bisect_left(self._ascending, low)
                    for character in self._ascending[first : bisect_right(self._ascending, high)]:
                        reached.setdefault(character, set()).add(other)
            closed = self._found[number].closed
            known = self._moves[number][states] = {c: closed(frozenset(s)) for c, s in reached.items()}
        return known


def _classes(found: Iterable[Automaton], universe: Universe | None) -> list[int]:
    """One character for each class that no automaton tells apart, liked ones first."""
    borders = {0, *(border for a in found for border in a.borders)}
    if universe is not None:
        borders |= {0x20, 0x7F, 0x80, 0xD800, 0xE000, *((46, 47, 48) if universe == "path" else ())}
    edges = [*sorted(b for b in borders if b <= LAST), LAST + 1]
    chosen = [_nicest(low, high - 1) for low, high in pairwise(edges)]
    shown = [c for c in chosen if universe is None or _printable(c)]
    return sorted(shown, key=lambda c: (_LIKING.get(c, len(_LIKING)), c))


def _nicest(low: int, high: int) -> int:
    return low if low == high else next((c for c in _LIKING if low <= c <= high), low)


def _printable(character: int) -> bool:
    return character >= 0x20 and character != 0x7F and not 0xD800 <= character < 0xE000


class _Plain:
    """Absolute paths without ``.``, ``..``, doubled and final slashes: what the decider is asked about."""

    START, ROOT, SLASH, DOT, DOTS, WORD = range(6)

    def step(self, shape: int, character: int) -> int | None:
        """The shape after one more character; ``None`` where no plain path goes on so."""
        if character == ord("/"):
            return {self.START: self.ROOT, self.WORD: self.SLASH}.get(shape)
        if shape == self.START:
            return None
        if character == ord(".") and shape != self.WORD:
            return {self.ROOT: self.DOT, self.SLASH: self.DOT, self.DOT: self.DOTS}.get(shape, self.WORD)
        return self.WORD

    def whole(self, shape: int) -> bool:
        """Whether a path may end so."""
        return shape in (self.ROOT, self.WORD)
