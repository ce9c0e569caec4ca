"""From a kernel plan to the entries of the sensor's maps; pure, no kernel is touched.

Each map entry is a set of rule bits. Files are named twice: by inode where the target
exists (found through every alias of it) and by the hash of its name (so that a target that
does not exist yet is covered from its first moment).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from collectors.kernel.records import ADDRESS_KEY, HASH_KEY, INODE_KEY, PATH_BITS, SCOPE
from enforcer.linux.pathhash import hash_name, hash_path, mix
from pipeline import schema
from pipeline.policy.kernel import KernelPlan, KernelRule, PathTarget

KERNEL_OPS = {"file.read": 0, "file.write": 1, "exec": 2, "net.connect": 3, "net.send": 4}
"""Selectors that the sensor decides, by position in ``scope.op_bits``."""

PORT_RANGES = 32
ACTIONS = ("kill", "deny", "freeze", "ask", "audit", "allow")
"""Actions that the sensor knows, in the order in which it looks for them; each is a set of ``scope``."""

STOPPING = ACTIONS[: ACTIONS.index("audit")]
_NONE = 255
_NAMES = ("name", "name_subtree")
_TREES = ("subtree", "name_subtree")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")

Inode = tuple[int, int]
Find = Callable[[str], Iterable[tuple[str, Inode | None]]]
"""Spellings of a path and, for each, (kernel device, inode) where it exists."""

Below = Callable[[str], Iterable[Inode]]
"""Inodes of the files that lie below a directory now: a hard link to one of them is found by its own inode only."""


class RuleTableError(Exception):
    """A plan does not fit the sensor's maps; one line."""


Entries = dict[bytes, bytes]


@dataclass
class Tables:
    """Entries by map name; ``scope`` is the value at the scope's position."""

    scope: bytes
    maps: dict[str, Entries] = field(default_factory=dict)


class _Bits:
    """Entries under construction: key → (self, below)."""

    def __init__(self) -> None:
        self._found: dict[bytes, list[int]] = {}

    def add(self, key: bytes, own: int, below: int = 0) -> None:
        entry = self._found.setdefault(key, [0, 0])
        entry[0] |= own
        entry[1] |= below

    def entries(self) -> Entries:
        return {k: _packed(PATH_BITS, self=own, below=below) for k, (own, below) in self._found.items()}


def _packed(dtype: np.dtype[np.void], **values: Any) -> bytes:
    record = np.zeros(1, dtype)
    for name, value in values.items():
        record[name] = value
    return record.tobytes()


def build(plan: KernelPlan, scope: int, seed: int, find: Find, below: Below) -> Tables:
    """All entries of a plan; raises ``RuleTableError`` when it does not fit."""
    sets = {name: _Bits() for name in ("paths", "names", "inodes", "programs")}
    for rule in plan.rules:
        for target in rule.paths:
            if target.kind in _NAMES:
                key = _packed(HASH_KEY, hash=hash_name(_raw(target.path), seed), scope=scope)
                sets["names"].add(key, *_own_and_below(rule, target))
            else:
                _add_path(sets, rule, target, (scope, seed), find, below)
        _add_programs(sets["programs"], rule, scope, find)
    maps = {name: bits.entries() for name, bits in sets.items()}
    return Tables(_scope(plan, maps), {**maps, "addresses": _addresses(plan, scope)})


def _own_and_below(rule: KernelRule, target: PathTarget) -> tuple[int, int]:
    bit = 1 << rule.bit
    return bit, bit if target.kind in _TREES else 0


def _add_path(
    sets: dict[str, _Bits], rule: KernelRule, target: PathTarget, keyed: tuple[int, int], find: Find, below: Below
) -> None:
    scope, seed = keyed
    bits = _own_and_below(rule, target)
    for spelling, inode in find(target.path):
        sets["paths"].add(_packed(HASH_KEY, hash=hash_path(spelling, seed), scope=scope), *bits)
        if inode:
            sets["inodes"].add(_inode_key(inode, scope), *bits)
    if target.kind in _TREES and rule.action in STOPPING:
        for inode in below(target.path):
            sets["inodes"].add(_inode_key(inode, scope), bits[0])


def _add_programs(programs: _Bits, rule: KernelRule, scope: int, find: Find) -> None:
    bit = 1 << rule.bit
    for exe, on in [(e, True) for e in rule.exes] + [(e, False) for e in rule.not_exes]:
        for _, inode in find(exe):
            if inode:
                programs.add(_inode_key(inode, scope), bit if on else 0, 0 if on else bit)


def _inode_key(inode: Inode, scope: int) -> bytes:
    return _packed(INODE_KEY, dev=inode[0], ino=inode[1], scope=scope)


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _bits(rules: Iterable[KernelRule]) -> int:
    return sum(1 << r.bit for r in rules)


def _scope(plan: KernelPlan, maps: dict[str, Entries]) -> bytes:
    rules = plan.rules
    operations = [_bits(r for r in rules if op in r.operations) for op in KERNEL_OPS]
    ports = _ports(rules)
    stopping = [r for r in rules if r.action in STOPPING]
    defaults = [schema.VERDICTS.index(plan.defaults[s]) if s in plan.defaults else _NONE for s in KERNEL_OPS]
    record = np.zeros(1, SCOPE)
    for action in ACTIONS:
        record[action] = _bits(r for r in rules if r.action == action)
    record["op_bits"][0, : len(operations)] = operations
    record["any_path"] = _bits(r for r in rules if not r.paths)
    record["any_exe"] = _bits(r for r in rules if not r.exes)
    record["any_address"] = _bits(r for r in rules if not r.networks)
    record["any_port"] = _bits(r for r in rules if not r.ports)
    record["tree_bits"] = _bits(r for r in stopping if any(p.kind in _TREES for p in r.paths))
    record["tcp_bits"] = _bits(r for r in rules if not r.protocols or "tcp" in r.protocols)
    record["udp_bits"] = _bits(r for r in rules if not r.protocols or "udp" in r.protocols)
    record["defaults"] = _NONE
    record["defaults"][0, : len(defaults)] = defaults
    record["enforce"] = plan.enforce
    record["has_inodes"], record["has_paths"], record["has_names"] = (
        bool(maps["inodes"]), bool(maps["paths"]), bool(maps["names"]),
    )  # fmt: skip
    record["inode_bloom"] = _bloom((mix(0, int(np.frombuffer(k, INODE_KEY)["ino"][0])) for k in maps["inodes"]), 64)
    hashed = [*maps["paths"], *maps["names"]]
    record["name_bloom"] = _bloom((int(np.frombuffer(k, HASH_KEY)["hash"][0]) for k in hashed), 16)
    record["port_ranges"] = len(ports)
    for i, ((low, high), bits) in enumerate(ports.items()):
        record["ports"][0, i] = (low, high, 0, bits)
    return record.tobytes()


def enforcing(scope: bytes, *, on: bool) -> bytes:
    """The value of a scope (``Tables.scope``) with its verdicts carried out, or only recorded; all else as it is."""
    record = np.frombuffer(scope, SCOPE).copy()
    record["enforce"] = on
    return record.tobytes()


def _bloom(hashes: Iterable[int], words: int) -> list[int]:
    """A filter that tells what a map surely does not hold; the same bits as ``may_hold`` in the sensor."""
    bloom = [0] * words
    for hashed in hashes:
        bloom[hashed >> 6 & words - 1] |= 1 << (hashed & 63)
    return bloom


def _ports(rules: Iterable[KernelRule]) -> dict[tuple[int, int], int]:
    ranges: dict[tuple[int, int], int] = {}
    for rule in rules:
        for span in rule.ports:
            ranges[span] = ranges.get(span, 0) | 1 << rule.bit
    if len(ranges) > PORT_RANGES:
        raise RuleTableError(
            f"the policy names {len(ranges)} ranges of ports and the sensor holds {PORT_RANGES}: join some"
        )
    return ranges


def _as_v6(text: str) -> ipaddress.IPv6Network:
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network):
        return network
    return ipaddress.IPv6Network((int(_MAPPED.network_address) | int(network.network_address), 96 + network.prefixlen))


def _addresses(plan: KernelPlan, scope: int) -> Entries:
    """Entries of the longest-prefix map: each prefix carries the bits of all prefixes around it."""
    wanted: dict[ipaddress.IPv6Network, int] = {}
    for rule in plan.rules:
        for text in rule.networks:
            network = _as_v6(text)
            wanted[network] = wanted.get(network, 0) | 1 << rule.bit
    if not wanted:
        return {}
    # IPv4 is not part of an IPv6 network that happens to span ::ffff:0:0/96, so that prefix stops the search.
    wanted.setdefault(_MAPPED, 0)
    entries: Entries = {}
    for network in wanted:
        v4 = network.subnet_of(_MAPPED)
        bits = 0
        for other, own in wanted.items():
            if network.subnet_of(other) and v4 == other.subnet_of(_MAPPED):
                bits |= own
        address = np.void(network.network_address.packed)
        key = _packed(ADDRESS_KEY, prefix_len=32 + network.prefixlen, scope=scope, address=address)
        entries[key] = bits.to_bytes(8, "little")
    return entries
