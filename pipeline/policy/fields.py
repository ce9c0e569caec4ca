"""Checks of single values in a policy: names, patterns, addresses, ports.

Each works on one value and raises with a text for the person who wrote it; where the value
stands is added by whoever knows (``load.py``). Alternatives are named where one is close.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import CoreSchema, core_schema

from pipeline.policy import globs
from pipeline.policy.words import near, wrong

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler


@dataclass(frozen=True)
class OneOf:
    """Annotation of a text that must be one of ``names``."""

    what: str
    names: tuple[str, ...]

    def check(self, value: str) -> str:
        """The value itself; raises where it is not one of the names."""
        if value in self.names:
            return value
        known = f"; supported: {', '.join(self.names)}"
        raise wrong(f"unknown {self.what} '{value}'{near(value, self.names) or known}")

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Strict text, then ``check``."""
        return core_schema.no_info_after_validator_function(self.check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The names as an enumeration."""
        return {"type": "string", "enum": list(self.names)}


def as_tuple(value: Any) -> tuple[Any, ...]:
    """One value or a list of values as a tuple."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def glob_text(value: str) -> str:
    """A path pattern, unchanged; raises where it does not parse."""
    try:
        globs.check(value)
    except globs.GlobError as error:
        raise wrong(f"'{value}': {error}") from None
    return value


def network(value: str) -> str:
    """An address or CIDR in canonical form; IPv4 in IPv6 becomes IPv4."""
    try:
        return str(parse_network(value))
    except ValueError:
        raise wrong(_network_complaint(value)) from None


def parse_network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network of an address or CIDR; raises ``ValueError``, also for host bits behind the prefix."""
    found = ipaddress.ip_network(value)
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= 96 and found.network_address.ipv4_mapped:
        return ipaddress.IPv4Network((found.network_address.ipv4_mapped, found.prefixlen - 96))
    return found


def _network_complaint(value: str) -> str:
    try:
        meant = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return f"'{value}' is no IP address or CIDR, such as 10.0.0.0/8 or 2001:db8::/32"
    return f"'{value}' has bits behind its prefix; did you mean '{meant}'?"


def port_range(value: Any) -> tuple[int, int]:
    """A port, ``"8000-8080"`` or such a pair as (first, last)."""
    if isinstance(value, tuple):
        return value
    low, dash, high = str(value).partition("-")
    if isinstance(value, bool) or not low.isdecimal() or (dash and not high.isdecimal()):
        raise wrong(f"'{value}' is no port: write a number up to 65535 or a range such as 8000-8080")
    first, last = int(low), int(high or low)
    if first > last or last > 65535:
        raise wrong(f"'{value}' is no port range: the first must not be above the last, the last not above 65535")
    return first, last
