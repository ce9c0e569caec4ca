"""Which entries srt takes in its lists of domains and addresses, and which hosts they cover."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from pipeline.policy.dialects.srt.hosts import is_ipv4, is_ipv6, split_port

if TYPE_CHECKING:
    from collections.abc import Iterable

WANTED = (
    "no domain that srt takes: write example.com, *.example.com, localhost or a bracketed IPv6 address; "
    "*.com and * are too broad"
)
WITH_PORT = WANTED + "; a port may stand behind it, as in example.com:443"


def domain(value: str) -> str:
    """Why an entry without a port is refused."""
    return "" if is_pattern(value) else WANTED


def allowed_domain(value: str) -> str:
    """Why an entry of ``allowedDomains`` is refused."""
    return "" if _brackets_are_right(value) and is_pattern(split_port(value)[0]) else WITH_PORT


def denied_domain(value: str) -> str:
    """Why an entry of ``deniedDomains`` is refused; there ``*`` is taken."""
    host = split_port(value)[0]
    return "" if _brackets_are_right(value) and (host == "*" or is_pattern(host)) else WITH_PORT


def address_range(value: str) -> str:
    """Why an address or network is refused; bits behind the prefix are taken."""
    return "" if split_range(value) else "no IP address or CIDR, such as 10.0.0.0/8 or fc00::/7"


def split_range(value: str) -> tuple[str, int] | None:
    """Address (IPv4 for IPv4 in IPv6) and length of prefix; ``None`` where it is no network."""
    address, slash, length = value.partition("/")
    address = address.partition("%")[0]
    most = 128 if is_ipv6(address) else 32
    if not (is_ipv4(address) or most == 128):
        return None
    if slash and not (length.isascii() and length.isdigit() and len(length) <= 3 and int(length) <= most):
        return None
    prefix = int(length) if slash else most
    mapped = _mapped(address) if most == 128 else None
    if mapped is None:
        return address, prefix
    return None if prefix < 96 else (mapped, prefix - 96)


def _mapped(address: str) -> str | None:
    found = ipaddress.IPv6Address(address).ipv4_mapped
    return None if found is None else str(found)


def is_pattern(value: str) -> bool:
    """Whether srt takes a host or ``*.`` pattern."""
    if is_ipv6(value):
        return True
    if "/" in value or ":" in value:
        return False
    if value.startswith("*."):
        return "." in value[2:] and all(value[2:].split("."))
    return value == "localhost" or (
        "*" not in value and "." in value and not value.startswith(".") and not value.endswith(".")
    )


def covers(host: str, patterns: Iterable[str]) -> bool:
    """Whether every host that ``host`` (a name or ``*.`` pattern) stands for is covered by some pattern."""
    plain = [split_port(p)[0].lower() for p in patterns]
    host = host.lower()
    if not host.startswith("*."):
        return any(matches(host, p) for p in plain)
    return any(p.startswith("*.") and (host[2:] == p[2:] or host[2:].endswith(p[1:])) for p in plain)


def matches(host: str, pattern: str) -> bool:
    """Whether a host in lower case matches a pattern in lower case."""
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        bare = host.removeprefix("[").removesuffix("]")
        return not is_ipv4(bare) and not is_ipv6(bare) and host.endswith(pattern[1:])
    return host == pattern


def _brackets_are_right(value: str) -> bool:
    return value.count(":") < 2 or value.startswith("[")
