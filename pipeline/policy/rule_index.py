"""Which rules can match at all: an index from patterns to rules, so that a decision looks at few of thousands.

A rule with paths can only match where one of its path patterns does, a rule with networks only where one of
those does. Rules are numbered strongest first; a set of rules is a bit set, and its lowest bit is the
strongest. What the index lets through is still asked in full: it may only ever let too much through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

R = TypeVar("R")


class RuleIndex(Generic[R]):
    """Rules by the bits of two facts, the path and the address."""

    def __init__(self, rules: Sequence[tuple[R, int, int]]) -> None:
        """``rules`` are (rule, mask of paths, mask of addresses) in the order in which they are asked; 0 means any."""
        self._rules = [rule for rule, _, _ in rules]
        self._paths = _Inverted([path for _, path, _ in rules])
        self._addresses = _Inverted([address for _, _, address in rules])

    def candidates(self, path: int, address: int) -> Iterator[R]:
        """Rules that the two facts do not rule out, in order."""
        left = self._paths.possible(path) & self._addresses.possible(address)
        while left:
            lowest = left & -left
            yield self._rules[lowest.bit_length() - 1]
            left ^= lowest


class _Inverted:
    """From the bits of one fact to the rules whose mask has them."""

    def __init__(self, masks: Sequence[int]) -> None:
        self._any = sum(1 << i for i, mask in enumerate(masks) if not mask)
        self._by_bit: dict[int, int] = {}
        for i, mask in enumerate(masks):
            for bit in _bits(mask):
                self._by_bit[bit] = self._by_bit.get(bit, 0) | 1 << i

    def possible(self, value: int) -> int:
        """Rules that may match a fact with these bits."""
        found = self._any
        for bit in _bits(value):
            found |= self._by_bit.get(bit, 0)
        return found


def _bits(value: int) -> Iterator[int]:
    while value:
        lowest = value & -value
        yield lowest.bit_length() - 1
        value ^= lowest
