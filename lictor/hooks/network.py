"""Tools that fetch: the name and port that a URL reaches.

The hook knows the name, which the kernel does not; the address it does not know, and it looks nothing up.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote, urlsplit

from lictor.hooks import files
from lictor.hooks.interface import Act
from lictor.hooks.surroundings import Surroundings

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_URL = re.compile(r"""\b(?:https?|ftp|file)://[^\s"'<>`]+""", re.IGNORECASE)


def urls_in(text: str) -> list[str]:
    """URLs that stand in a text: a tool that takes a prompt fetches those it finds there."""
    return [match.rstrip(".,;:!?)]}") for match in _URL.findall(text)]


def url_acts(url: str, around: Surroundings, exe: str | None) -> list[Act]:
    """The acts of fetching a URL; none for what is no URL."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return []
    if parts.scheme == "file":
        return files.read(unquote(parts.path), "/", around, exe)
    return [connect(host, port or _PORTS.get(parts.scheme), exe)] if host else []


def connect(host: str, port: int | None, exe: str | None) -> Act:
    """A connection to a host by name or address."""
    try:
        ip = str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        ip = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else ""
        return Act("net.connect", domain=host, ip=ip or None, port=port, exe=exe)
    return Act("net.connect", ip=ip, port=port, exe=exe)
