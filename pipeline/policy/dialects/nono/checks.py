"""What nono refuses in a profile or manifest that has the right shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.json_places import JsonText, Path, pointer
from pipeline.policy.dialects.nono.groups import ELSEWHERE, GROUPS
from pipeline.policy.dialects.nono.when import wrong
from pipeline.policy.source import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

Found = tuple[Path, str]

_URI = re.compile(r"(?:op|bw|apple-password|file|env|cmd|keyring)://.+")
_MANAGERS = ("op://", "bw://", "apple-password://", "file://", "cmd://")
_UPSTREAM = re.compile(
    r"https://[^/?#\s]+\S*|http://(?:localhost|127(?:\.[0-9]+){3}|0\.0\.0\.0|\[::1?\])(?:[:/?#]\S*)?"
)
_VALIDITY = re.compile(r"[1-9][0-9]*[smhd]?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BASE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?|[A-Za-z0-9._-]+/[A-Za-z0-9._-]+(?:@\S+)?")


def _placed(text: JsonText, found: Iterator[Found]) -> list[Problem]:
    return [Problem(*text.place(path), f"{message} ({pointer(path) or 'top'})") for path, message in found]


def profile_problems(text: JsonText) -> list[Problem]:
    """Problems of a profile."""
    return _placed(text, _profile(text.data, ()))


def _profile(data: dict[str, Any], here: Path) -> Iterator[Found]:
    if "meta" in data and "name" not in data["meta"]:
        yield (*here, "meta"), "'name' is missing"
    yield from _extends(data.get("extends"), (*here, "extends"))
    yield from _whens(data, here)
    yield from _groups(data, here)
    network = data.get("network") or {}
    for name, credential in (network.get("custom_credentials") or {}).items():
        place = (*here, "network", "custom_credentials", name)
        yield from ((place, text) for text in _credential(credential))
    for key in ("ca_validity", "leaf_validity"):
        value = (network.get("tls_intercept") or {}).get(key)
        if value is not None and not _VALIDITY.fullmatch(value.strip()):
            yield (*here, "network", "tls_intercept", key), "a duration such as 30s, 15m, 24h or 1d is wanted"
    yield from _variables(data, here)
    yield from _blocked(data, here)
    for system, inner in (data.get("platform_overrides") or {}).items():
        yield from _profile(inner, (*here, "platform_overrides", system))


def _extends(value: Any, here: Path) -> Iterator[Found]:
    for name in [value] if isinstance(value, str) else value or ():
        if not _BASE.fullmatch(name):
            yield here, f"'{name}' is no name of a profile"


def _whens(data: dict[str, Any], here: Path) -> Iterator[Found]:
    for section in ("filesystem", "groups"):
        for key, entries in (data.get(section) or {}).items():
            for i, entry in enumerate(entries):
                why = wrong(entry["when"]) if isinstance(entry, dict) and "when" in entry else None
                if why:
                    yield (*here, section, key, i, "when"), why


def _groups(data: dict[str, Any], here: Path) -> Iterator[Found]:
    legacy = ((here, "policy", "exclude_groups"), (data.get("policy") or {}).get("exclude_groups") or ())
    listed = ((here, "groups", "exclude"), (data.get("groups") or {}).get("exclude") or ())
    for (base, section, key), entries in (legacy, listed):
        for i, entry in enumerate(entries):
            name = entry["name"] if isinstance(entry, dict) else entry
            group = GROUPS.get(name)
            if (group and group.required) or (name in ELSEWHERE and name.startswith("deny_")):
                yield (*base, section, key, i), f"group '{name}' is required and cannot be excluded"


def _credential(found: dict[str, Any]) -> Iterator[str]:
    key, kinds = found.get("credential_key"), ("credential_key", "auth", "aws_auth", "spiffe")
    if sum(found.get(k) is not None for k in kinds) != 1:
        yield "exactly one of credential_key, auth, aws_auth and spiffe is wanted"
    if key is not None and not (_URI.fullmatch(key) or re.fullmatch(r"[A-Za-z0-9_]+", key)):
        yield "'credential_key' is letters, digits and '_', or a URI such as env://NAME"
    if key is not None and key.startswith(_MANAGERS) and found.get("env_var") is None:
        yield "'env_var' is missing, which a key from a manager or a file needs"
    if found.get("env_var") is not None and not re.fullmatch(r"[A-Za-z0-9_]+", found["env_var"]):
        yield "'env_var' is letters, digits and '_'"
    if not _UPSTREAM.fullmatch(found["upstream"]):
        yield "'upstream' must be https, or http to this machine"
    mode = found.get("inject_mode") or "header"
    if mode == "header" and not re.fullmatch(
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", found.get("inject_header", "Authorization")
    ):
        yield "'inject_header' is no name of a header"
    if mode == "url_path" and "{}" not in (found.get("path_pattern") or ""):
        yield "'path_pattern' with {} is missing, which inject_mode url_path needs"
    if mode == "query_param" and not re.fullmatch(r"[A-Za-z0-9_-]+", found.get("query_param_name") or ""):
        yield "'query_param_name' is missing, which inject_mode query_param needs"


def _variables(data: dict[str, Any], here: Path) -> Iterator[Found]:
    for name in ((data.get("environment") or {}).get("set_vars")) or {}:
        if not _VARIABLE.fullmatch(name) or name == "PATH" or name.startswith("NONO_"):
            yield (*here, "environment", "set_vars", name), "this variable cannot be set"


def _blocked(data: dict[str, Any], here: Path) -> Iterator[Found]:
    denied = set((data.get("commands") or {}).get("deny") or ()) - set((data.get("commands") or {}).get("allow") or ())
    for name in (data.get("command_policies") or {}).get("commands") or {}:
        if name in denied:
            yield (*here, "command_policies", "commands", name), "the command stands in commands.deny as well"


def manifest_problems(text: JsonText) -> list[Problem]:
    """Problems of a capability manifest."""
    return _placed(text, _manifest(text.data))


def _manifest(data: dict[str, Any]) -> Iterator[Found]:
    supervised = (data.get("process") or {}).get("exec_strategy") == "supervised"
    if (data.get("rollback") or {}).get("enabled") and not supervised:
        yield ("rollback",), "'enabled' needs exec_strategy supervised"
    if "memory_bytes" in (data.get("resources") or {}) and not supervised:
        yield ("resources",), "'memory_bytes' needs exec_strategy supervised"
    for section, key in (("filesystem", "grants"), ("filesystem", "deny")):
        for i, entry in enumerate((data.get(section) or {}).get(key) or ()):
            if not entry["path"]:
                yield (section, key, i), "'path' is empty"
    for i, entry in enumerate(data.get("credentials") or ()):
        inject = entry.get("inject") or {}
        if entry["source"].startswith(("op://", "apple-password://", "file://")) and "env_var" not in entry:
            yield ("credentials", i), "'env_var' is missing, which a source from a manager or a file needs"
        if inject.get("mode") == "url_path" and "path_pattern" not in inject:
            yield ("credentials", i, "inject"), "'path_pattern' is missing"
        if inject.get("mode") == "query_param" and "query_param_name" not in inject:
            yield ("credentials", i, "inject"), "'query_param_name' is missing"
