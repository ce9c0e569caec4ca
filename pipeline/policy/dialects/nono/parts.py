"""A profile with everything that it stands on as one flat list: base profiles, groups, old keys, the Linux override.

Each part remembers where it stood, so that the report can say so, and whether its ``when`` surely holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.nono.groups import BASES, DEFAULT, ELSEWHERE, GROUPS
from pipeline.policy.dialects.nono.when import holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.json_places import Path

LEGACY = {
    ("policy", "exclude_groups"): ("groups", "exclude"),
    ("policy", "add_allow_read"): ("filesystem", "read"),
    ("policy", "add_allow_write"): ("filesystem", "write"),
    ("policy", "add_allow_readwrite"): ("filesystem", "allow"),
    ("policy", "add_deny_access"): ("filesystem", "deny"),
    ("policy", "add_deny_commands"): ("commands", "deny"),
    ("policy", "override_deny"): ("filesystem", "bypass_protection"),
    ("security", "groups"): ("groups", "include"),
    ("security", "allowed_commands"): ("commands", "allow"),
}
"""Old keys and what they are called now."""

ALIASES = {
    "proxy_allow": "allow_domain", "allow_proxy": "allow_domain", "proxy_credentials": "credentials",
    "port_allow": "open_port", "allow_port": "open_port", "external_proxy": "upstream_proxy",
    "external_proxy_bypass": "upstream_bypass", "ignore": "suppress_save_prompt", "secrets": "env_credentials",
    "undo": "rollback", "brokered_commands": "command_args",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One entry: ``key`` is its section and name (``("filesystem", "read")``), ``path`` where it stands in the file.

    ``sure`` is ``None`` where its ``when`` depends on the distribution. ``index`` is ``None`` for what is no list.
    """

    key: tuple[str, ...]
    value: Any
    path: Path
    sure: bool | None = True


def parts(data: dict[str, Any]) -> list[Part]:
    """The parts of a profile in the order of the file, those of its Linux override behind them."""
    found = list(_of(data, ()))
    linux = (data.get("platform_overrides") or {}).get("linux")
    return [*found, *(_of(linux, ("platform_overrides", "linux")) if linux else ())]


def _of(data: dict[str, Any], here: Path) -> Iterator[Part]:
    for section, content in data.items():
        named = ALIASES.get(section, section)
        if isinstance(content, dict) and named in ("filesystem", "groups", "commands", "network", "policy", "security"):
            for key, value in content.items():
                yield from _entries((str(named), str(ALIASES.get(key, key))), value, (*here, section, key))
        elif content is not None and section != "platform_overrides":
            yield Part((named,), content, (*here, section))


def _entries(key: tuple[str, ...], value: Any, path: Path) -> Iterator[Part]:
    key = LEGACY.get((key[0], key[1]), key)
    if not isinstance(value, list):
        if value is not None and value is not False:
            yield Part(key, value, path)
        return
    for i, entry in enumerate(value):
        plain: Any = entry
        sure: bool | None = True
        if isinstance(entry, dict) and key[0] in ("filesystem", "groups"):
            plain, sure = entry.get("path", entry.get("name")), holds(entry.get("when"))
        if sure is not False:
            yield Part(key, plain, (*path, i), sure)


@dataclass(frozen=True)
class Named:
    """A group that counts, and where it was named; an empty path: nono adds it by itself."""

    name: str
    path: Path

    @property
    def known(self) -> bool:
        """Whether its content is known."""
        return self.name in GROUPS or self.name in ELSEWHERE


def groups(found: list[Part], data: dict[str, Any]) -> list[Named]:
    """Groups that count: the default ones, those of the bases, those that are included; without the excluded ones."""
    implicit = () if (data.get("meta") or {}).get("name") == "default" else DEFAULT
    listed = [Named(name, ()) for name in implicit]
    for name, path in bases(found):
        listed += [Named(group, path) for group in BASES[name].groups] if name in BASES else []
    listed += [Named(str(p.value), p.path) for p in found if p.key == ("groups", "include")]
    gone = {p.value for p in found if p.key == ("groups", "exclude") and (p.sure or not _denies(str(p.value)))}
    kept: dict[str, Named] = {}
    for one in listed:
        if one.name not in gone:
            kept.setdefault(one.name, one)
    return list(kept.values())


def _denies(name: str) -> bool:
    """Whether excluding a group allows more; then it must surely be excluded."""
    group = GROUPS.get(name)
    return bool(group and (group.deny or group.commands))


def bases(found: list[Part]) -> list[tuple[str, Path]]:
    """Names of base profiles, and where they stand."""
    made: list[tuple[str, Path]] = []
    for part in found:
        if part.key == ("extends",):
            listed = [part.value] if isinstance(part.value, str) else part.value
            made += [(n, part.path if isinstance(part.value, str) else (*part.path, i)) for i, n in enumerate(listed)]
    return made
