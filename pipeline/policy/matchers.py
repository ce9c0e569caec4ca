"""Which patterns a value matches: path and program patterns, addresses, ports, protocols.

Every pattern of a program gets a number; a value's answer is a bit set (a Python integer) of
the patterns that it matches, found once per distinct value. Rules then are bit masks. Paths go
through one ``re2.Set``, linear in the text whatever the pattern; addresses through a binary
search over the borders of all networks.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from bisect import bisect_right
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import re2

from pipeline.policy.fields import parse_network

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SET_MEMORY = 64 << 20
"""Bytes for the automaton of one ``re2.Set``; past it a value is matched pattern by pattern."""

_NETS = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "unspecified": ("0.0.0.0/32", "::/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
}
"""What ``net:`` means. Connecting to the unspecified address reaches this machine; listening on it opens
to every network. ``external`` is whatever is in none of these."""

_WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\|\\Device\\|(?:HKLM|HKU|HKCU|HKCR)\\")
"""How paths and keys begin there. No path of Linux does: those begin with a slash."""

_V4 = 1 << 128
"""IPv4 addresses are numbered behind all of IPv6, so that ``::/0`` does not cover them."""


class PatternSet:
    """Numbered regular expressions, matched against whole texts."""

    def __init__(self, regexes: Iterable[str]) -> None:
        self._numbers = {regex: i for i, regex in enumerate(dict.fromkeys(regexes))}
        self._set = _automaton(tuple(self._numbers), SET_MEMORY)

    def __len__(self) -> int:
        return len(self._numbers)

    def mask(self, regexes: Iterable[str]) -> int:
        """Bit set of patterns that this set was made with."""
        return sum(1 << n for n in {self._numbers[r] for r in regexes})

    def match(self, text: str) -> int:
        """Bit set of the patterns that match ``text``.

        The last pattern of the set matches every text. Where it is missing from the answer the automaton
        ran out of memory (re2 then answers with nothing at all), and each pattern is asked by itself.
        """
        if not self._numbers:
            return 0
        found = self._set.Match(text)
        if not found or len(self._numbers) not in found:
            return sum(1 << n for regex, n in self._numbers.items() if re2.fullmatch(regex, text))
        return sum(1 << n for n in found if n < len(self._numbers))


@lru_cache(maxsize=16)
def _automaton(regexes: tuple[str, ...], memory: int) -> re2.Set:
    """One for all programs that look for the same patterns: a policy is compiled anew for each run, and for each change tried."""
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    made = re2.Set.FullMatchSet(options)
    for regex in (*regexes, "(?s).*"):
        made.Add(regex)
    made.Compile()
    return made


def plain_path(path: str) -> str:
    """``path`` without ``.``, ``..``, doubled and final slashes, so that no rule is missed by spelling.

    A path or registry key of Windows is given the slashes that patterns have.
    """
    if "\\" in path and _WINDOWS.match(path):
        path = path.replace("\\", "/")
    if "//" in path or "/." in path or path.endswith("/"):
        plain = posixpath.normpath(path)
        return plain[1:] if plain.startswith("//") else plain
    return path


class Spans:
    """Numbered groups of spans of whole numbers; the answer for a number is a bit set of the groups that hold it."""

    def __init__(self, groups: Iterable[Iterable[tuple[int, int]]]) -> None:
        """A span is its first number and the one behind its last; none is negative."""
        edges: dict[int, int] = {0: 0}
        for number, group in enumerate(groups):
            for first, end in _joined(group):
                for edge in (first, end):
                    edges[edge] = edges.get(edge, 0) ^ 1 << number  # a span's own two edges switch its bit
        self.borders = sorted(edges)
        """Numbers at which the answer may change, the first 0."""
        self._bits: list[int] = []
        inside = 0
        for border in self.borders:
            inside ^= edges[border]
            self._bits.append(inside)

    def match(self, value: int) -> int:
        """Bit set of the groups that hold ``value``."""
        return self._bits[bisect_right(self.borders, value) - 1]


class AddressSpace:
    """Numbered networks; the answer for an address is a bit set of those that hold it."""

    def __init__(self, networks: Sequence[Sequence[str]]) -> None:
        self._spans = Spans([_span(n) for n in group] for group in networks)

    def match(self, address: str) -> int:
        """Bit set of the networks that hold ``address``; 0 for what is no address."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return 0
        return self._spans.match(_number(found))


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans without overlaps and in order; those that touch become one."""
    found: list[tuple[int, int]] = []
    for first, end in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((first, end))
    return found


def _number(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return int(address) if mapped is None else _V4 + int(mapped)
    return _V4 + int(address)


@lru_cache(maxsize=20_000)
def _span(network: str) -> tuple[int, int]:
    """First number of a network and the one behind its last."""
    parsed = parse_network(network)
    first = _number(parsed.network_address)
    return first, first + parsed.num_addresses


@cache
def net_networks(net: str) -> tuple[str, ...]:
    """CIDRs of a ``net:`` word (also ``unspecified``); together the words cover every address once."""
    if net in _NETS:
        return _NETS[net]
    known = [parse_network(n) for group in _NETS.values() for n in group]
    v4 = _without(ipaddress.IPv4Network("0.0.0.0/0"), [n for n in known if isinstance(n, ipaddress.IPv4Network)])
    mapped = ipaddress.IPv6Network("::ffff:0:0/96")
    v6 = _without(ipaddress.IPv6Network("::/0"), [mapped, *(n for n in known if isinstance(n, ipaddress.IPv6Network))])
    return (*v4, *v6)


def _without(space: ipaddress.IPv4Network | ipaddress.IPv6Network, holes: Sequence[object]) -> list[str]:
    left = [space]
    for hole in holes:
        left = [
            piece
            for n in left
            for piece in (n.address_exclude(hole) if hole.subnet_of(n) else [n])  # type: ignore[attr-defined,arg-type]  # holes are of the space's family
        ]
    return [str(n) for n in sorted(left)]
