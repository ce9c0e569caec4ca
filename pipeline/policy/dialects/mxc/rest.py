"""What an MXC configuration holds beside paths and network: settings, and restrictions that Lictor has no operation for.

Also the part of the system that a sandbox shows without being asked: its programs and libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.mxc.paths import READ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.interface import Rules
    from pipeline.policy.dialects.json_places import Path
    from pipeline.policy.dialects.mxc.config import Config

_PROGRAMS = [
    *(f"/{name}/**" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")),
    *(f"/usr/{name}/**" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share")),
    *(f"/etc/{name}" for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d/**", "ld.so.preload", "nsswitch.conf")),
    *(
        f"/etc/{name}"
        for name in ("hosts", "resolv.conf", "localtime", "os-release", "ssl/certs/**", "ca-certificates/**")
    ),
]
"""What bubblewrap's runner mounts read-only; of /etc only what programs need to start and to find others."""

_DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"]
"""Devices of a new /dev that are the same as the machine's."""

_SETTING = {
    "$schema": "tells editors what the file is",
    "_comment": "a comment",
    "version": "chooses how the file is read",
    "containerId": "the name of the policy",
    "containment": "what runs the sandbox; Lictor judges on this machine",
    "lifecycle": "when the sandbox is removed",
    "telemetry": "reports to the maker of the original",
    "test": "a test of the original",
    "fallback": "which means of Windows may be used",
    "lxc": "the image of the container",
    "hyperlight": "the image of the machine",
}
_PROCESS = "what is run, not what it may do"
_HARMLESS: dict[Path, str] = {
    ("processContainer", "learningMode"): "notes what is denied, which Lictor always does",
    ("processContainer", "captureDenials", "outputPath"): "where denials are written to",
    ("processContainer", "captureDenials", "retainEtl"): "whether the trace is kept",
    ("seatbelt", "launchMethod"): "how the program is started",
    ("seatbelt", "nestedPty"): "whether the program gets a terminal",
    ("experimental", "telemetry", "enabled"): _SETTING["telemetry"],
    ("experimental", "test", "message"): _SETTING["test"],
}
_IMAGE = (
    "targetOs",
    "image",
    "imageTarPath",
    "cpuCount",
    "memoryMb",
    "storagePath",
    "idleTimeoutMs",
    "idleTimeout",
    "daemonPipeName",
)
_ELSEWHERE = ("filesystem", "network", "runtimeConfig")


def rest_items(config: Config) -> list[Item]:
    """One item for each field that is neither a path nor of the network."""
    found: list[Item] = []
    for name, value in config.data.items():
        if name not in _ELSEWHERE:
            parts = [((name,), value)] if name == "_comment" else _leaves((name,), value)
            found += [_item(config, path, inner) for path, inner in parts]
    return found


def baseline_item(config: Config) -> Item:
    """The programs and libraries of the system, which a sandbox can use without naming them."""
    path: Path = ("containment",)
    pointer = config.pointer(path) if path in config.came_from else ""
    line = config.place(path)[0]
    rules: Rules = (
        {"id": "mxc-system", "on": READ, "match": {"path": _PROGRAMS}, "action": "allow", "origin": pointer or "/"},
        {
            "id": "mxc-devices",
            "on": ["file.open", "file.read", "file.write"],
            "match": {"path": _DEVICES},
            "action": "allow",
            "origin": pointer or "/",
        },
    )
    text = "programs and libraries of the system"
    if config.backend == "bubblewrap":
        why = "the sandbox also has all of /etc, and a /tmp, /proc and /dev of its own, which are not opened here"
        return Item("system", pointer, line, text, "narrower", rules, why=why)
    why = f"with '{config.backend}' they come from another system than this machine's, whose own stay closed until this is accepted"
    return Item("system", pointer, line, text, "wider", (), rules, why)


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """The fields of a section, each entry of a list by itself; an empty section as a whole."""
    parts: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list) and path[0] != "process":
        parts = list(enumerate(value))
    if not parts:
        yield path, value
    for key, inner in parts:
        yield from _leaves((*path, key), inner)


def _item(config: Config, path: Path, value: Any) -> Item:
    outcome, why = _told(path, value)
    name = ".".join(str(part) for part in path)
    text = f"{name}: {value!a}"[:300]
    return Item(name, config.pointer(path), config.place(path)[0], text, outcome, why=why)


def _told(path: Path, value: Any) -> tuple[str, str]:
    """Outcome and reason of a field."""
    if path == ("processContainer", "captureDenials", "mode"):
        return _capture(value)
    setting = _setting(path, value)
    if setting:
        return "setting", setting
    if path[0] == "ui":
        return "unsupported", "Lictor has no operation for windows, clipboard and input"
    if path[-1] == "profileOverride":
        return "unsupported", "replaces the whole profile on macOS, where the other fields then do not count"
    return "unsupported", "a right of the original's platform that Lictor has no operation for"


def _setting(path: Path, value: Any) -> str:
    """Why a field says nothing about access; empty where it does."""
    if path[0] == "process":
        return _PROCESS
    if path[-1] in _IMAGE or value in ({}, []):
        return "how the sandbox is made"
    return _HARMLESS.get(path) or _SETTING.get(str(path[0]), "")


def _capture(value: str) -> tuple[str, str]:
    if value == "allow":
        return "narrower", "the original would let everything pass and write it down; here it is denied"
    return "setting", "denied and written down, which Lictor always does"
