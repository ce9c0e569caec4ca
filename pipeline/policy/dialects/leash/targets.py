"""What a Cedar statement speaks of: files, folders, hosts, found twice, once by Cedar's meaning and once by Leash's.

Leash turns a statement into a flat list of resources and ignores what it cannot read in a condition, so that
the two readings can differ. An import may allow only what both allow, and must deny what either denies:
hence each condition gives a ``Span``, what it surely covers and what it can cover at most.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.policy.texts import plain_domain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.policy.dialects.leash.cedar import Condition, Scope, Statement
    from pipeline.policy.dialects.leash.expressions import Entity, Node

LONGEST_PATH = 255
LONGEST_HOST = 127
"""Bytes; Leash leaves out what is longer, without a word."""


@dataclass(frozen=True)
class Target:
    """``kind`` is any, file, dir, host, server, tool or other; ``value`` is a path, a domain, an address or a name.

    Of a host, ``*`` is every host and ``port`` 0 every port. ``loaded`` tells whether Leash takes it up.
    """

    kind: str
    value: str = ""
    port: int = 0
    loaded: bool = True


ANY = Target("any")


@dataclass(frozen=True)
class Span:
    """Targets that are surely meant, and targets outside of which nothing is meant."""

    lower: tuple[Target, ...]
    upper: tuple[Target, ...]


@dataclass(frozen=True)
class Reading:
    """A statement's targets: ``meant`` by Cedar, ``loaded`` by Leash."""

    meant: Span
    loaded: tuple[Target, ...]

    @property
    def allowed(self) -> tuple[Target, ...]:
        """What both readings cover."""
        return tuple(t for t in self.meant.lower if any(covers(other, t) for other in self.loaded))

    @property
    def denied(self) -> tuple[Target, ...]:
        """What either reading covers."""
        return tuple(dict.fromkeys((*self.meant.upper, *self.loaded)))


def read(statement: Statement) -> Reading:
    """Both readings of a statement's resource and conditions."""
    meant = _head(statement.resource)
    for condition in statement.conditions:
        meant = _both(meant, _condition(condition))
    loaded = [t for t in _head(statement.resource).lower if t is not ANY]
    for condition in statement.conditions:
        loaded += _leaf(condition.body)
    return Reading(meant, tuple(t for t in dict.fromkeys(loaded) if t.loaded))


def _head(scope: Scope) -> Span:
    if scope.entities:
        found = (target(scope.entities[0]),)
        return Span(found, found) if scope.op != "is" else Span((), found)
    return Span((), (ANY,)) if scope.op == "is" else Span((ANY,), (ANY,))


def _condition(condition: Condition) -> Span:
    found = _span(condition.body)
    return _not(found) if condition.kind == "unless" else found


def _span(node: Node) -> Span:
    if node.op == "&&":
        return _both(_span(node.args[0]), _span(node.args[1]))
    if node.op == "||":
        one, other = _span(node.args[0]), _span(node.args[1])
        return Span((*one.lower, *other.lower), (*one.upper, *other.upper))
    if node.op == "!":
        return _not(_span(node.args[0]))
    if node.op in ("true", "false"):
        found = (ANY,) if node.op == "true" else ()
        return Span(found, found)
    leaf = tuple(_leaf(node, equal=True))
    return Span(leaf, leaf) if leaf else Span((), (ANY,))


def _not(span: Span) -> Span:
    """Complements cannot be listed, except those of everything and of nothing."""
    return Span((ANY,) if not span.upper else (), () if ANY in span.lower else (ANY,))


def _both(one: Span, other: Span) -> Span:
    return Span(tuple(_common(one.lower, other.lower)), tuple(_common(one.upper, other.upper)))


def _common(one: Iterable[Target], other: Iterable[Target]) -> Iterable[Target]:
    """What two lists have in common; of two targets one holds the other or they share nothing (hosts: the ports differ)."""
    for left in one:
        for right in other:
            if covers(left, right):
                yield right
            elif covers(right, left):
                yield left
            elif left.kind == right.kind == "host":
                yield from _common_host(left, right)


def _common_host(left: Target, right: Target) -> Iterable[Target]:
    """``*:443`` and ``example.com`` have ``example.com:443`` in common."""
    names, ports = {left.value, right.value} - {"*"}, {left.port, right.port} - {0}
    if len(names) == 1 and len(ports) == 1:
        yield Target("host", names.pop(), ports.pop(), left.loaded and right.loaded)


def covers(outer: Target, inner: Target) -> bool:
    """Whether everything that ``inner`` stands for is in ``outer``."""
    if outer.kind == "any" or outer == inner:
        return True
    if outer.kind == "dir" and inner.kind in ("file", "dir"):
        return outer.value in ("/", inner.value) or inner.value.startswith(outer.value + "/")
    if outer.kind == inner.kind == "host":
        same = outer.value in ("*", inner.value)
        below = outer.value.startswith("*.") and inner.value.endswith(outer.value[1:])
        return (same or below) and outer.port in (0, inner.port)
    return False


def _leaf(node: Node, *, equal: bool = False) -> list[Target]:
    """Targets of a condition that is one comparison; ``equal`` also takes those that Leash does not read."""
    if node.op == "in" and _is_resource(node.args[0]):
        listed = node.args[1].args if node.args[1].op == "set" else (node.args[1],) if equal else ()
        if all(n.op == "entity" for n in listed):
            return [target(n.value) for n in listed]  # type: ignore[arg-type]  # entities hold one
    if equal and node.op == "==" and _is_resource(node.args[0]) and node.args[1].op == "entity":
        return [target(node.args[1].value)]  # type: ignore[arg-type]  # an entity holds one
    if node.op == "==" and _is_hostname(node.args[0]) and node.args[1].op == "text":
        return [host(str(node.args[1].value))]
    if node.op == "like" and _is_hostname(node.args[0]):
        return _like(str(node.value), equal=equal)
    return []


def _is_resource(node: Node) -> bool:
    return node.op == "var" and node.value == "resource"


def _is_hostname(node: Node) -> bool:
    return node.op == "attribute" and node.value == "hostname" and node.args[0].op == "var"


def _like(pattern: str, *, equal: bool) -> list[Target]:
    """``*.example.com`` and ``*`` are the patterns that both readings agree on."""
    text = pattern.replace("\\*", "\0")
    if "*" not in text.removeprefix("*") and (not text.startswith("*") or text[1:2] in ("", ".")):
        return [host(text.replace("\0", "*"))]
    return [] if equal else [Target("other", pattern, loaded=False)]


def target(entity: Entity) -> Target:
    """What an entity stands for, by the last part of its type, as Leash takes it."""
    last = entity.type.rsplit("::", maxsplit=1)[-1]
    value = entity.id.strip()
    if entity.type == "File" or (last == "File" and "::" in entity.type):
        return _path("file", value)
    if entity.type == "Dir" or (last == "Directory" and "::" in entity.type):
        return _path("dir", value)
    if entity.type == "Host" or ("::" in entity.type and last in ("Hostname", "Endpoint")):
        return host(value)
    if "::" in entity.type and last == "DnsZone":
        return host(value if value.startswith("*.") else f"*.{value}")
    kind = {"Server": "server", "Tool": "tool"}.get(last, "other") if "::" in entity.type else "other"
    return Target(kind, value, loaded=kind != "other")


def _path(kind: str, value: str) -> Target:
    plain = re.sub("/{2,}", "/", value)
    plain = plain.rstrip("/") or "/" if kind == "dir" else plain
    odd = not plain.startswith("/") or {".", ".."} & set(plain.split("/")) or (plain.endswith("/") and plain != "/")
    if odd or "\0" in plain:
        return Target("other", value, loaded=False)
    return Target(kind, plain, loaded=len(value.encode()) + (kind == "dir" and plain != "/") <= LONGEST_PATH)


def host(value: str) -> Target:
    """A host with its port; an address of version 6 has none here, and Leash does not take it up."""
    try:
        return Target("host", str(ipaddress.IPv6Address(value.strip("[]"))), loaded=False)
    except ValueError:
        pass
    name, colon, port = value.partition(":")
    if colon and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) <= 65535):
        return Target("other", value, loaded=False)
    number = int(port) if colon else 0
    if name == "*":
        return Target("host", "*", number)
    plain = plain_domain(name.removeprefix("*."))
    if plain is None:
        return Target("other", value, loaded=False)
    wild = name.startswith("*.")
    return Target("host", f"*.{plain}" if wild else plain, number, len(name.encode()) <= LONGEST_HOST)
