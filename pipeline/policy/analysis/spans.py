"""Addresses, ports and sizes as runs of numbers, so that containment is exact whatever CIDRs they are written in.

Addresses are numbered as the decider does: IPv4 behind all of IPv6, so that ``::/0`` does not hold it.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.policy.fields import parse_network
from pipeline.policy.matchers import net_networks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Span = tuple[int, int]
Spans = tuple[Span, ...]
"""First and last number of each run, ascending and apart."""

_V4 = 1 << 128

_LIKED = ("203.0.113.7", "10.1.2.3", "127.0.0.1", "169.254.169.254", "2001:db8::7", "0.0.0.0")  # noqa: S104 - an example, nothing listens
"""Addresses to show, best first: documentation's own, then one of each kind."""


def joined(spans: Iterable[Span]) -> Spans:
    """The same numbers in as few runs as possible."""
    found: list[Span] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return tuple(found)


def meet(some: Sequence[Span], others: Sequence[Span]) -> Spans:
    """Numbers that are in both."""
    return joined((max(a, c), min(b, d)) for a, b in some for c, d in others if max(a, c) <= min(b, d))


def holds(outer: Sequence[Span], inner: Sequence[Span]) -> bool:
    """Whether every number of ``inner`` is in ``outer``."""
    return meet(outer, inner) == joined(inner)


def minus(some: Sequence[Span], others: Sequence[Span]) -> Spans:
    """Numbers of the first that are not in the second."""
    left = list(joined(some))
    for low, high in others:
        left = [
            piece for a, b in left for piece in ((a, min(b, low - 1)), (max(a, high + 1), b)) if piece[0] <= piece[1]
        ]
    return joined(left)


@lru_cache(maxsize=50_000)
def network(text: str) -> Span:
    """The numbers of a network."""
    parsed = parse_network(text)
    first = int(parsed.network_address) + (_V4 if parsed.version == 4 else 0)
    return first, first + parsed.num_addresses - 1


@lru_cache(maxsize=10_000)
def networks(texts: tuple[str, ...]) -> Spans:
    """The numbers of several networks."""
    return joined(network(text) for text in texts)


@lru_cache(maxsize=100)
def net(words: tuple[str, ...], *, local: bool) -> Spans:
    """The numbers that ``net:`` words mean; ``local`` for operations that are about this end.

    Whether a name is known for an address is no matter of numbers: ``unresolved`` counts as ``external``.
    """
    meant = {"external" if word == "unresolved" else word for word in words}
    if ("external" if local else "loopback") in meant:
        meant.add("unspecified")
    return joined(network(text) for word in meant for text in net_networks(word))


def example(spans: Spans) -> str | None:
    """One address of the runs, a well-known one where it can be."""
    for text in _LIKED:
        number = network(text)
        if meet(spans, (number,)):
            return text
    return address(spans[0][0]) if spans else None


def address(number: int) -> str:
    """The address of a number."""
    return str(ipaddress.IPv4Address(number - _V4) if number >= _V4 else ipaddress.IPv6Address(number))
