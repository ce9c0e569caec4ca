"""Codex's permission profiles as items: files by ``codex_access``, and hosts.

A profile stands on another one (``extends``) and overrides its entries. Of several profiles only the default one
counts; the others are named in the report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.codex.access import Entry, below, literal, special
from pipeline.policy.dialects.codex.shape import SETTINGS_OF_FILES
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.network import SOCKETS, target
from pipeline.policy.dialects.srt.paths import Nowhere, Spot, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

Found = dict[tuple[str, str], tuple["Path", str]]
"""Access by path and what is below it, and where that stands."""

_BUILT_IN: dict[str, dict[str, str]] = {
    ":read-only": {":root": "read"},
    ":workspace": {":root": "read", ":workspace_roots": "write", ":slash_tmp": "write", ":tmpdir": "write"},
    ":danger-full-access": {":root": "write"},
}

_DOMAINS = (
    "Codex looks at hosts only where its proxy runs (features.network_proxy, or an administrator's rules); "
    "here it always does"
)


def lineage(profiles: Mapping[str, Any], name: str) -> list[str]:
    """A profile and what it stands on, the oldest first."""
    found = [name]
    while found[-1] in profiles and "extends" in profiles[found[-1]]:
        found.append(profiles[found[-1]]["extends"])
    return found[::-1]


def entries(profiles: Mapping[str, Any], name: str) -> list[Entry]:
    """The entries about files that a profile ends up with."""
    found: Found = {}
    roots: list[tuple[Path, str]] = []
    for one in lineage(profiles, name):
        if one in _BUILT_IN:
            found |= {(key, ""): (_where(profiles, name), access) for key, access in _BUILT_IN[one].items()}
            continue
        profile, here = profiles[one], ("permissions", one)
        for key, access in profile.get("filesystem", {}).items():
            if key in SETTINGS_OF_FILES and not isinstance(access, str):
                continue
            inner = access if isinstance(access, dict) else {"": access}
            path = (*here, "filesystem", key)
            found |= {(key, sub): ((*path, sub) if sub else path, word) for sub, word in inner.items()}
        roots += [((*here, "workspace_roots", r), r) for r, on in profile.get("workspace_roots", {}).items() if on]
    return [entry for (key, sub), (path, word) in found.items() for entry in _entries(path, key, sub, word, roots)]


def _where(profiles: Mapping[str, Any], name: str) -> Path:
    return ("permissions", name, "extends") if name in profiles else ("default_permissions",)


def _entries(path: Path, key: str, sub: str, word: str, roots: list[tuple[Path, str]]) -> Iterator[Entry]:
    access = "deny" if word == "none" else word
    if key == ":minimal":
        yield Entry(path, None, access, minimal=True)
        return
    if not key.startswith(":"):
        bases: list[tuple[Path, Spot | Nowhere]] = [(path, literal(key))]
    else:
        bases = [(path, spot) for spot in special(key)]
        if key in (":workspace_roots", ":project_roots"):
            bases += [(where, literal(root)) for where, root in roots]
    if not bases:
        yield Entry(path, None if access != "deny" else Nowhere("where this is cannot be told here"), access)
    for where, base in bases:
        yield Entry(where, below(base, sub) if isinstance(base, Spot) and sub else base, access)


def network(profiles: Mapping[str, Any], name: str) -> tuple[dict[str, Any], Path]:
    """The settings about the network that a profile ends up with, and where they stand."""
    found: dict[str, Any] = {}
    path: Path = ("default_permissions",)
    for one in lineage(profiles, name):
        if one == ":danger-full-access":
            found = {"enabled": True}
        if one in profiles and "network" in profiles[one]:
            path = ("permissions", one, "network")
            mine = profiles[one]["network"]
            tables = {k: {**found.get(k, {}), **mine[k]} for k in ("domains", "unix_sockets") if k in mine}
            found = {**found, **mine, **tables}
    return found, path


def network_items(sheet: Sheet, profiles: Mapping[str, Any], name: str) -> Iterator[Item]:
    """Items about the network."""
    settings, path = network(profiles, name)
    places = {
        (table, key): ("permissions", one, "network", table, key)
        for one in lineage(profiles, name)
        if one in profiles
        for table in ("domains", "unix_sockets")
        for key in profiles[one].get("network", {}).get(table, {})
    }
    if not settings.get("enabled"):
        yield from (sheet.item(p, "setting", why="the network is off") for p in places.values())
        yield sheet.item(
            path, "exact", [rule(SOCKETS, {"protocol": "unix"}, "deny")], name=f"{sheet.prefix}-unix-sockets"
        )
        return
    domains = settings.get("domains", {})
    if not domains:
        yield sheet.item(path, "exact", [rule(("network",), {}, "allow")], name=f"{sheet.prefix}-network")
    for host, word in domains.items():
        yield _domain(sheet, places["domains", host], host, word)
    for socket, word in settings.get("unix_sockets", {}).items():
        yield _socket(sheet, places["unix_sockets", socket], socket, word)


def _domain(sheet: Sheet, path: Path, host: str, word: str) -> Item:
    if host == "*":
        return sheet.item(path, "exact", [rule(("network",), {}, word)])
    apex = host.startswith("**.")
    found = [target(h)[0] for h in ((host[1:], host[3:]) if apex else (host,))]
    known = [m for m in found if m]
    if len(known) < len(found):
        return sheet.item(path, "narrower" if word == "allow" else "unsupported", why="it is no host name")
    rules = [rule(("network",), m, word) for m in known]
    return sheet.item(path, "narrower" if word == "allow" else "exact", rules, why=_DOMAINS if word == "allow" else "")


def _socket(sheet: Sheet, path: Path, socket: str, word: str) -> Item:
    if word == "allow":
        return sheet.item(path, "exact", why="unix sockets are left alone where the network is on")
    spot = resolve({"path": socket})
    if not isinstance(spot, Spot):
        return sheet.item(path, "unsupported", why=f"it cannot be written here: {spot.why}")
    return sheet.item(path, "exact", [rule(SOCKETS, {"protocol": "unix", "path": spot.tree[0]}, "deny")])
