"""What Codex refuses in ``config.toml`` and ``requirements.toml``: values of another type, and words it does not know.

Keys that it does not know it ignores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.srt.shapes import Either, Flag, Items, Named, Record, Shape, Text, Whole, Word
from pipeline.policy.globs import GlobError, check

if TYPE_CHECKING:
    from pipeline.policy.dialects.json_places import Path

MODES = ("read-only", "workspace-write", "danger-full-access")
ASKS = ("untrusted", "on-failure", "on-request", "never")
ACCESS = Word(("read", "write", "deny", "none"))
BUILT_IN = (":read-only", ":workspace", ":danger-full-access")
SPECIAL = (":root", ":minimal", ":workspace_roots", ":project_roots", ":tmpdir", ":slash_tmp")
SETTINGS_OF_FILES = {"allow_limited_git_writes": Flag(), "glob_scan_max_depth": Whole(1)}

_GRANULAR = Record(
    {
        "granular": Record(
            {name: Flag() for name in ("sandbox_approval", "rules", "mcp_elicitations", "skill_approval")},
            ("sandbox_approval", "rules", "mcp_elicitations"),
        )
    },
    ("granular",),
)
APPROVAL: Shape = Either((Word(ASKS), _GRANULAR), f"one of {', '.join(ASKS)}, or a table 'granular'")

NETWORK = Record(
    {
        "enabled": Flag(),
        "mode": Word(("limited", "full")),
        "domains": Named(Word(("allow", "deny"))),
        "unix_sockets": Named(Word(("allow", "deny"))),
        "allow_local_binding": Flag(),
        "allow_upstream_proxy": Flag(),
        "dangerously_allow_all_unix_sockets": Flag(),
        "dangerously_allow_non_loopback_proxy": Flag(),
        "enable_socks5": Flag(),
        "enable_socks5_udp": Flag(),
        "proxy_url": Text(),
        "socks_url": Text(),
    }
)
PROFILE = Record({"extends": Text(), "network": NETWORK, "workspace_roots": Named(Flag())})

CONFIG = Record(
    {
        "sandbox_mode": Word(MODES),
        "approval_policy": APPROVAL,
        "default_permissions": Text(),
        "sandbox_workspace_write": Record(
            {
                "writable_roots": Items(Text()),
                "network_access": Flag(),
                "exclude_tmpdir_env_var": Flag(),
                "exclude_slash_tmp": Flag(),
            }
        ),
        "permissions": Named(PROFILE),
        "profiles": Named(Record({"sandbox_mode": Word(MODES), "approval_policy": APPROVAL})),
    }
)

REQUIREMENTS = Record(
    {
        "allowed_sandbox_modes": Items(Word((*MODES, "external-sandbox"))),
        "allowed_approval_policies": Items(APPROVAL),
        "allowed_permission_profiles": Named(Flag()),
        "default_permissions": Text(),
        "permissions": Record({"filesystem": Record({"deny_read": Items(Text())})}),
    }
)


def is_requirements(data: Mapping[str, Any], filename: str) -> bool:
    """Whether this is what an administrator requires, rather than what a user sets."""
    return filename.endswith("requirements.toml") or any(key.startswith("allowed_") for key in data)


def config_problems(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What the shape cannot say: entries of profiles, and profiles that are not there."""
    profiles = data.get("permissions") or {}
    if "profile" in data:
        yield ("profile",), "Codex no longer takes 'profile': give --profile NAME and NAME.config.toml"
    chosen = data.get("default_permissions")
    if chosen is None and profiles and "sandbox_mode" not in data:
        yield ("permissions",), "[permissions] needs 'default_permissions'"
    if chosen is not None:
        yield from _known(("default_permissions",), chosen, profiles)
    for name, profile in profiles.items():
        if name.startswith(":"):
            yield ("permissions", name), f"names such as '{name}' are built in"
        if "extends" in profile:
            yield from _extended(name, profiles)
        yield from _files(("permissions", name, "filesystem"), profile.get("filesystem", {}))


def _known(path: Path, name: str, profiles: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    if name.startswith(":") and name not in BUILT_IN:
        yield path, f"unknown built-in profile '{name}'; known: {', '.join(BUILT_IN)}"
    elif not name.startswith(":") and name not in profiles:
        yield path, f"there is no profile '{name}' under [permissions]"


def _extended(name: str, profiles: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    parent = profiles[name]["extends"]
    yield from _known(("permissions", name, "extends"), parent, profiles)
    seen = {name}
    while parent in profiles:
        if parent in seen:
            yield ("permissions", name, "extends"), "profiles extend each other in a circle"
            return
        seen.add(parent)
        parent = profiles[parent].get("extends")


def _files(path: Path, files: Any) -> Iterator[tuple[Path, str]]:
    if not isinstance(files, Mapping):
        yield path, "filesystem must be a table"
        return
    for key, access in files.items():
        here = (*path, key)
        if key in SETTINGS_OF_FILES and not isinstance(access, str):
            continue
        inner = access.items() if isinstance(access, Mapping) else [(None, access)]
        for below, word in inner:
            yield from _nested(here, key, below)
            if not isinstance(word, str) or word not in ACCESS.words:
                yield here, f"access to '{key}' must be one of {', '.join(ACCESS.words)}"
            elif is_pattern(f"{key}/{below}" if below else key) and word not in ("deny", "none"):
                yield here, f"the pattern '{below or key}' can only be denied; '/**' at the end may be read or written"
        if not key.startswith(("/", "~/", ":")) and key != "~":
            yield here, f"path '{key}' must be absolute, begin with ~/, or with ':'"


def _nested(path: Path, key: str, below: str | None) -> Iterator[tuple[Path, str]]:
    if below is None or (below == "." and key != ":minimal"):
        return
    if key in (":minimal", ":slash_tmp", ":tmpdir"):
        yield path, f"path '{key}' takes no entries of its own"
    elif not below or below.startswith(("/", "./")) or ".." in below.split("/"):
        yield path, f"'{below}' must be below '{key}', without '.' or '..'"


def is_pattern(path: str) -> bool:
    """Whether Codex takes a path for a pattern; a final ``/**`` alone makes none."""
    body = path.rstrip("/").removesuffix("/**")
    return any(c in body for c in "*?[")


def fits(pattern: str) -> bool:
    """Whether the policy language takes a pattern."""
    try:
        check(pattern)
    except GlobError:
        return False
    return True
