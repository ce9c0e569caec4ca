"""Addresses as the original's parsers take them: a proxy's URL (the WHATWG rules) and CIDR networks.

The URL parser of the original forgives a lot (one slash, a tab, ``127.1``), and what it forgives decides whether
a configuration is accepted and which address its rule opens.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_IGNORED = re.compile(r"[\t\n\r]")
_OUTSIDE = "".join(chr(c) for c in range(0x21))
_FORBIDDEN = frozenset("".join(chr(c) for c in range(0x21)) + '#%/:<>?@[\\]^`{|}|"' + "\x7f") - {'"', "`", "{", "}"}
_STANDARD_PORTS = {"http": 80, "https": 443}


def lies_in(inner: Network, outer: Network) -> bool:
    """Whether a network is part of another one; never across the families."""
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def plain(net: Network) -> Network:
    """A network, as IPv4 where its IPv6 addresses only stand for IPv4 ones."""
    mapped = net.network_address.ipv4_mapped if isinstance(net, ipaddress.IPv6Network) else None
    return ipaddress.IPv4Network((mapped, net.prefixlen - 96)) if mapped is not None and net.prefixlen >= 96 else net


class AddressError(ValueError):
    """Why an address is not one."""


@dataclass(frozen=True)
class ProxyUrl:
    """Host (an IPv6 address in brackets) and port of a proxy."""

    host: str
    port: int
    credentials: bool


def network(text: str) -> Network:
    """A CIDR network or single address; bits behind the prefix must be zero."""
    address, slash, length = text.partition("/")
    if "%" in address or not text.isascii() or (slash and not re.fullmatch(r"\+?[0-9]+", length)):
        raise AddressError(f"'{text}' is no CIDR network")
    try:
        return ipaddress.ip_network(f"{address}/{int(length)}" if slash else address)
    except ValueError as error:
        raise AddressError(str(error)) from None


def proxy_url(text: str) -> ProxyUrl:
    """Host and port of an http or https URL that names its port."""
    text = _IGNORED.sub("", text.strip(_OUTSIDE))
    found = _SCHEME.match(text)
    if found is None:
        raise AddressError("it is no URL")
    scheme = found.group(1).lower()
    if scheme not in _STANDARD_PORTS:
        raise AddressError(f"it must begin with http:// or https://, not '{scheme}:'")
    rest = re.split(r"[/\\?#]", text[found.end() :].lstrip("/\\"), maxsplit=1)[0]
    user, at, place = rest.rpartition("@")
    host, port = _host_and_port(place)
    if port is None or port == _STANDARD_PORTS[scheme]:
        raise AddressError("it must name a port other than the scheme's own, as in http://localhost:8080")
    return ProxyUrl(host, port, bool(at) and user not in ("", ":"))


def is_this_host(host: str) -> bool:
    """Whether a proxy's host is this machine as the original admits it: not all of 127.0.0.0/8."""
    return host in ("localhost", "127.0.0.1", "[::1]")


def is_loopback(host: str) -> bool:
    """Whether a host is any loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_and_port(text: str) -> tuple[str, int | None]:
    end = text.rfind("]")
    colon = text.find(":", end + 1)
    host, port = (text, "") if colon < 0 else (text[:colon], text[colon + 1 :])
    if not re.fullmatch(r"[0-9]*", port) or not port.isascii() or int(port or 0) > 0xFFFF:
        raise AddressError("it has an invalid port number")
    return _host(host), int(port) if port else None


def _host(text: str) -> str:
    if text.startswith("["):
        return f"[{_ipv6(text)}]"
    try:
        name = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise AddressError("its host is no name") from None
    name = _ascii(name)
    if not name or _FORBIDDEN & set(name):
        raise AddressError("its host is no name")
    return str(ipaddress.IPv4Address(_ipv4(name))) if _ends_in_number(name) else name


def _ipv6(text: str) -> ipaddress.IPv6Address:
    try:
        return ipaddress.IPv6Address(text[1:-1] if text.endswith("]") and "%" not in text else "")
    except ValueError:
        raise AddressError("it has an invalid IPv6 address") from None


def _ascii(name: str) -> str:
    """The name in lower case; other scripts in the form that name servers use."""
    if name.isascii():
        if any(label.lower().startswith("xn--") for label in name.split(".")):
            return _decoded(name)
        return name.lower()
    try:
        return name.encode("idna").decode().lower()
    except UnicodeError:
        raise AddressError("its host is no name") from None


def _decoded(name: str) -> str:
    """A name with encoded labels, which must be right ones."""
    try:
        plain = name.encode().decode("idna")
    except UnicodeError:
        raise AddressError("its host is no name") from None
    if plain.isascii():
        raise AddressError("its host is no name")
    return name.lower()


def _ends_in_number(name: str) -> bool:
    last = name.removesuffix(".").rpartition(".")[2]
    return bool(re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", last))


def _ipv4(name: str) -> int:
    """An IPv4 address of one to four numbers, decimal, octal or hexadecimal; the last fills what is left."""
    parts = name.removesuffix(".").split(".")
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        raise AddressError("it has an invalid IPv4 address") from None
    *first, last = numbers
    if len(parts) > 4 or any(n > 255 for n in first) or last >= 256 ** (5 - len(parts)):
        raise AddressError("it has an invalid IPv4 address")
    return last + sum(n << (8 * (3 - i)) for i, n in enumerate(first))


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    if not text or not text.isdigit():
        raise ValueError(text)
    return int(text, 8) if text.startswith("0") and len(text) > 1 else int(text)
