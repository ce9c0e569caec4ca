"""What every item of a nono profile needs to know: the parts, groups, grants and the mode of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.dialects.interface import Item, Rules
from pipeline.policy.dialects.json_places import JsonText, Path, pointer
from pipeline.policy.dialects.nono import network as nono_network
from pipeline.policy.dialects.nono.files import DEFAULTS, Grant
from pipeline.policy.dialects.nono.groups import BASES, GROUPS, Group
from pipeline.policy.dialects.nono.parts import Part, bases, groups, parts
from pipeline.policy.dialects.nono.paths import holds, pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

GRANTS = {
    "allow": (True, True, True), "read": (True, False, True), "write": (False, True, True),
    "allow_file": (True, True, False), "read_file": (True, False, False), "write_file": (False, True, False),
    "unix_socket": (True, False, False), "unix_socket_bind": (True, False, False), "unix_socket_dir": (True, False, True),
    "unix_socket_dir_bind": (True, True, True), "unix_socket_subtree": (True, False, True),
    "unix_socket_subtree_bind": (True, True, True),
}  # fmt: skip
"""Reading, writing, folder: what each list of ``filesystem`` grants."""

ACCESS = {"read": (True, False), "write": (False, True), "readwrite": (True, True)}


class State:
    """A profile with all that it stands on, worked out once."""

    def __init__(self, text: JsonText) -> None:
        self._text = text
        self._parts = parts(text.data)
        self._groups = groups(self._parts, text.data)
        self._base_names = bases(self._parts)
        self._unknown_base = any(name not in BASES for name, _ in self._base_names)
        self.network = nono_network.network([*self._parts, *self._base_networks()])
        self._grants = self._every_grant()
        covered = [self._pattern(p, deny=False) for p in self._of("bypass_protection") if p.sure]
        self._bypassed = [
            b for b in covered if b and any(g.pattern == b or holds(g.pattern, b) for g in self._granted())
        ]
        self._lifted = {str(p.value) for p in self._parts if p.key == ("commands", "allow")}

    @property
    def defaults(self) -> dict[str, str]:
        """Defaults of the document; a base that is not known may have closed the network."""
        found = DEFAULTS | self.network.defaults
        return found | nono_network.CLOSED if self._unknown_base and "network" not in found else found

    def _of(self, name: str) -> Iterable[Part]:
        return [p for p in self._parts if p.key == ("filesystem", name)]

    def _pattern(self, part: Part, *, deny: bool) -> str | None:
        return pattern(str(part.value), deny=deny)

    def _base_networks(self) -> list[Part]:
        named = [(n, path) for n, path in self._base_names if n in BASES and BASES[n].network_profile]
        own = any(p.key == ("network", "network_profile") for p in self._parts) or self._cleared()
        return (
            [] if own else [Part(("network", "network_profile"), BASES[n].network_profile, path) for n, path in named]
        )

    def _cleared(self) -> bool:
        """``"network_profile": null`` takes away what a base has."""
        section = self._text.data.get("network") or {}
        return "network_profile" in section and section["network_profile"] is None

    def _grant(self, part: Part) -> Grant | None:
        read, write, folder = GRANTS[part.key[1]]
        found = self._pattern(part, deny=False)
        return Grant(found, read, write, folder) if found and part.sure else None

    def _granted(self) -> list[Grant]:
        """Grants that the profile itself makes."""
        found = [self._grant(p) for p in self._parts if p.key[0] == "filesystem" and p.key[1] in GRANTS]
        return [g for g in found if g]

    def _every_grant(self) -> list[Grant]:
        found = self._granted()
        for group in self._groups:
            found += group_grants(GROUPS.get(group.name, Group()))
        for name, _ in self._base_names:
            found += [
                Grant(p, read=True, write=True) for p in map(pattern, BASES[name].allow if name in BASES else ()) if p
            ]
        access = self._access()
        return [*found, *([Grant("${workspace}", *ACCESS[access])] if access != "none" else [])]

    def _access(self) -> str:
        """Access to the folder worked in: the profile's own, else that of its last base."""
        own = [p.value.get("access", "none") for p in self._parts if p.key == ("workdir",)]
        inherited = [BASES[n].workdir for n, _ in self._base_names if n in BASES]
        return next((a for a in reversed([*inherited, *own]) if a != "none"), "none")

    def _item(
        self, name: str, path: Path, text: str, outcome: str, safe: Rules = (), why: str = "", accepted: Rules = ()
    ) -> Item:
        return Item(name, pointer(path), self._text.line(path), text[:200], outcome, safe, accepted, why)

    def _origin(self, path: Path) -> str:
        return f"line {self._text.line(path)} {pointer(path)}".rstrip()[:1000]


def group_grants(content: Group) -> list[Grant]:
    """What a group grants."""
    found = []
    for paths, read, write in ((content.read, True, False), (content.write, False, True), (content.both, True, True)):
        found += [Grant(p, read, write) for p in map(pattern, paths) if p]
    return found


def label_of(part: Part) -> str:
    """The name of a part's item, from its place."""
    return ".".join(str(p).lstrip("$") for p in part.path).replace("/", "-") or "profile"


def shown(part: Part) -> str:
    """A part in a few words."""
    value = part.value if isinstance(part.value, str | int | bool) else ""
    return f"{part.key[-1]} {value}".strip()
