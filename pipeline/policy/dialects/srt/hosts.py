"""Host names and addresses as srt compares them: entries of domain lists, split into host and port.

srt takes a host through the URL parser of its runtime before it compares it, so ``[::FFFF:1.2.3.4]`` is
``1.2.3.4``. That parser is followed here as far as it decides which entries are taken and what they match.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote_to_bytes

SPECIAL_SCHEMES = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "file": None}

_IGNORED = re.compile(r"[\t\n\r]")
_OUTSIDE = "".join(chr(c) for c in range(0x21))
_FORBIDDEN_OPAQUE = frozenset("\0\t\n\r #/:<>?@[\\]^|")
_FORBIDDEN = _FORBIDDEN_OPAQUE | frozenset(chr(c) for c in range(0x20)) | frozenset("%\x7f")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(r"[1-9][0-9]{0,4}")


class HostError(ValueError):
    """A text that is no host."""


def split_port(pattern: str) -> tuple[str, int | None]:
    """Host and port of an entry; what cannot be split is left whole, and then fails as a host."""
    if pattern.startswith("["):
        return _split_bracketed(pattern)
    host, colon, port = pattern.rpartition(":")
    if not colon:
        return pattern, None
    if ":" in host:
        return _canonical_or_same(_without_zone(pattern)), None
    number = _port(port)
    return (pattern, None) if number is None else (host, number)


def _split_bracketed(pattern: str) -> tuple[str, int | None]:
    inner, close, rest = pattern[1:].partition("]")
    if not close:
        return pattern, None
    host = _canonical_or_same(_without_zone(inner))
    if not rest:
        return host, None
    number = _port(rest[1:]) if rest.startswith(":") else None
    return (pattern, None) if number is None else (host, number)


def _canonical_or_same(host: str) -> str:
    found = canonical(host)
    return host if found is None else found


def _port(text: str) -> int | None:
    return int(text) if _PORT.fullmatch(text) and int(text) <= 0xFFFF else None


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address; a zone may stand behind it."""
    address, percent, zone = text.partition("%")
    if percent and not zone:
        return False
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


def is_ipv4(text: str) -> bool:
    """Whether a text is a plain dotted IPv4 address."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def canonical(host: str) -> str | None:
    """The host as it is dialled: lower case, addresses in their one form; ``None`` where it is no host."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        found = url_host("http", f"//[{bare}]/" if is_ipv6(bare) and "%" not in bare else f"//{bare}/")
    except HostError:
        return None
    if found.startswith("["):
        address = ipaddress.IPv6Address(found[1:-1])
        return str(address.ipv4_mapped or address)
    return found.removesuffix(".")


def is_url(text: str) -> bool:
    """Whether the WHATWG parser takes a text as a URL without a base."""
    text = _IGNORED.sub("", text.strip(_OUTSIDE))
    found = _SCHEME.match(text)
    if found is None:
        return False
    scheme, rest = found.group(1).lower(), text[found.end() :]
    if scheme not in SPECIAL_SCHEMES and not rest.startswith("//"):
        return True
    try:
        url_host(scheme, rest)
    except HostError:
        return False
    return True


def url_host(scheme: str, rest: str) -> str:
    """The host of a URL from behind its scheme; raises ``HostError``."""
    special = scheme in SPECIAL_SCHEMES
    if scheme == "file":
        return _file_host(rest)
    rest = _IGNORED.sub("", rest)
    rest = rest.lstrip("/\\") if special else rest.removeprefix("//")
    authority = re.split(r"[/\\?#]" if special else r"[/?#]", rest, maxsplit=1)[0]
    _, at, place = authority.rpartition("@")
    end = place.rfind("]") + 1
    host, colon, port = place[end:].partition(":")
    host = place[:end] + host
    if (port and (not port.isascii() or not port.isdigit() or int(port) > 0xFFFF)) or (
        not host and (special or at or colon)
    ):
        raise HostError(rest)
    return _special_host(host) if special else _opaque_host(host)


def _file_host(rest: str) -> str:
    rest = rest.replace("\\", "/")
    if not rest.startswith("//"):
        return ""
    host = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    return "" if not host or re.fullmatch(r"[A-Za-z][:|]", host) else _special_host(host)


def _opaque_host(host: str) -> str:
    if host.startswith("["):
        return _bracketed(host)
    if _FORBIDDEN_OPAQUE & set(host):
        raise HostError(host)
    return host


def _bracketed(host: str) -> str:
    if not host.endswith("]") or "%" in host:
        raise HostError(host)
    try:
        return f"[{ipaddress.IPv6Address(host[1:-1])}]"
    except ValueError:
        raise HostError(host) from None


def _special_host(host: str) -> str:
    if host.startswith("["):
        return _bracketed(host)
    try:
        name = unquote_to_bytes(host.encode("utf-8", "replace")).decode()
        name = _ascii(name)
    except UnicodeError:
        raise HostError(host) from None
    if not name or _FORBIDDEN & set(name):
        raise HostError(host)
    last = name.removesuffix(".").rpartition(".")[2]
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", last):
        return str(ipaddress.IPv4Address(_ipv4(name)))
    return name


def _ascii(name: str) -> str:
    """The name in lower case, each label in the form that name servers use; raises ``UnicodeError``."""
    return ".".join(_label(label) for label in re.split("[.\u3002\uff0e\uff61]", name))


def _label(label: str) -> str:
    plain = label.lower() if label.isascii() else label.encode("idna").decode().lower()
    if plain.startswith("xn--") and plain.encode().decode("idna").isascii():
        raise UnicodeError(label)
    return plain


def _ipv4(name: str) -> int:
    """One to four numbers, decimal, octal or hexadecimal; the last one fills what is left."""
    parts = name.removesuffix(".").split(".")
    try:
        *first, last = [_number(part) for part in parts]
    except ValueError:
        raise HostError(name) from None
    if len(parts) > 4 or any(n > 255 for n in first) or last >= 256 ** (5 - len(parts)):
        raise HostError(name)
    return last + sum(n << (8 * (3 - i)) for i, n in enumerate(first))


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    if not text or not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return int(text, 8) if text.startswith("0") and len(text) > 1 else int(text)


def _without_zone(host: str) -> str:
    return host.partition("%")[0]
