"""What must hold between fields of srt settings that fit by themselves: denies that could match nothing, credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.srt.domains import covers
from pipeline.policy.dialects.srt.hosts import split_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.dialects.json_places import Path
    from pipeline.policy.dialects.srt.shapes import Found

_GLOB = frozenset("*?[]")


def cross_checks(settings: Mapping[str, Any]) -> Found:
    """Every place where fields contradict each other, and why."""
    enforced = not settings["filesystem"].get("disabled")
    if enforced:
        for name in ("denyRead", "denyWrite"):
            for i, entry in enumerate(settings["filesystem"][name]):
                if isinstance(entry, str):
                    yield from _dead_glob(entry, ("filesystem", name, i))
    credentials = settings.get("credentials")
    if credentials is not None:
        yield from _credentials(settings, credentials, enforced=enforced)


def _dead_glob(entry: str, path: Path) -> Found:
    if entry.endswith("/") and _GLOB & set(entry) and entry.startswith(("/", "~")):
        yield path, f"a deny of '{entry}' could match nothing, since it ends in '/': write '{entry.rstrip('/')}'"


def _credentials(settings: Mapping[str, Any], credentials: Mapping[str, Any], *, enforced: bool) -> Found:
    network = settings["network"]
    entries = list(_entries(credentials))
    for path, entry in entries:
        yield from _hosts(entry, path, network)
        yield from _claims(entry, path)
        if path[1] == "files":
            yield from _file(entry, path, enforced=enforced)
    yield from _pairs(credentials)
    masked = any(entry["mode"] == "mask" for _, entry in entries)
    if masked and "tlsTerminate" not in network and not credentials.get("allowPlaintextInject"):
        yield ("credentials",), "masking needs network.tlsTerminate, or credentials.allowPlaintextInject"


def _entries(credentials: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for kind in ("envVars", "files"):
        for i, entry in enumerate(credentials.get(kind, ())):
            yield ("credentials", kind, i), entry


def _hosts(entry: Mapping[str, Any], path: Path, network: Mapping[str, Any]) -> Found:
    allowed = network["allowedDomains"]
    hosts = entry.get("injectHosts")
    for i, host in enumerate(hosts or ()):
        if not covers(host, allowed):
            yield (*path, "injectHosts", i), f"'{host}' is in no entry of network.allowedDomains"
    if entry["mode"] != "mask":
        return
    excluded = network.get("tlsTerminate", {}).get("excludeDomains")
    if excluded:
        if hosts:
            for i, host in enumerate(hosts):
                if covers(host, excluded):
                    yield (*path, "injectHosts", i), f"'{host}' is excluded by network.tlsTerminate.excludeDomains"
        elif hosts is None and allowed and all(covers(_host(a), excluded) for a in allowed):
            yield path, "network.tlsTerminate.excludeDomains leaves no host for this credential"
    if hosts == []:
        yield path, "an empty injectHosts would mask the credential and never send it"


def _host(entry: str) -> str:
    return split_port(entry)[0]


def _claims(entry: Mapping[str, Any], path: Path) -> Found:
    claims = entry.get("maskClaims")
    if claims is not None and "decode" not in entry:
        yield (*path, "maskClaims"), "maskClaims needs decode"
    if claims == []:
        yield (*path, "maskClaims"), "an empty maskClaims would mask nothing"


def _file(entry: Mapping[str, Any], path: Path, *, enforced: bool) -> Found:
    if entry["mode"] == "mask" and entry["path"].endswith("/"):
        yield (*path, "path"), "mask is for a file, not for a folder: use deny"
    if enforced and entry["mode"] == "deny":
        yield from _dead_glob(entry["path"], (*path, "path"))


def _pairs(credentials: Mapping[str, Any]) -> Found:
    seen: set[str] = set()
    known = {entry["name"]: entry for entry in reversed(credentials.get("envVars", ()))}
    for i, pair in enumerate(credentials.get("awsPairs", ())):
        for field in ("accessKeyIdVar", "secretAccessKeyVar", "sessionTokenVar"):
            name = pair.get(field)
            if name is None:
                continue
            entry = known.get(name)
            if name in seen:
                yield ("credentials", "awsPairs", i, field), f"'{name}' stands in two places of awsPairs"
            elif entry is None or entry["mode"] != "mask":
                yield ("credentials", "awsPairs", i, field), f"'{name}' is no masked variable of credentials.envVars"
            elif "extract" in entry or "decode" in entry:
                yield ("credentials", "awsPairs", i, field), f"'{name}' must be masked whole, without extract or decode"
            seen.add(name)
