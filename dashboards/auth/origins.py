"""Which addresses the dashboard answers under, and which pages may speak to it.

A name that an attacker has resolve to this machine (DNS rebinding) reaches it with another ``Host``; a page elsewhere that posts a form or
opens a WebSocket sends its own ``Origin``. Both are turned away before anything is looked at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def name_of(host: str) -> str:
    """The name in a ``Host`` header, without its port; nothing where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def named(host: str, bound: str, public: frozenset[str] = frozenset()) -> bool:
    """Whether a ``Host`` header names this dashboard: what it is bound to, loopback, or a name that was given.

    Bound to an address that means all of the machine's, any address will do, but no name: a name must have been given.
    """
    name = name_of(host)
    if name == bound.lower() or name in public or (is_loopback(bound) and name in LOOPBACK):
        return True
    try:
        return ipaddress.ip_address(bound).is_unspecified and bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def same(headers: Mapping[str, str], *, secure: bool = False) -> bool:
    """Whether a request's ``Origin`` is the page it goes to. A request that must have one and has none is not."""
    try:
        origin = urlsplit(headers.get("origin", ""))
    except ValueError:
        return False
    scheme = {"https"} if secure else {"http", "https"}
    return origin.scheme in scheme and bool(origin.netloc) and origin.netloc.lower() == headers.get("host", "").lower()


def from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that another site, or another port of this one, asks: for anything but a page to look at."""
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return False
    return headers.get("sec-fetch-mode") != "navigate" or headers.get("sec-fetch-dest") not in {None, "document"}
