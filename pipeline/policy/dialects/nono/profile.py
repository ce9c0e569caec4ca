"""A nono profile as items: one for each entry, each group and each base profile."""

from __future__ import annotations

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.json_places import Path
from pipeline.policy.dialects.nono import network as nono_network
from pipeline.policy.dialects.nono.commands import invocations
from pipeline.policy.dialects.nono.files import DEFAULTS, Grant, command_rules, deny_rules, grant_rules
from pipeline.policy.dialects.nono.groups import BASES, ELSEWHERE, GROUPS
from pipeline.policy.dialects.nono.hosts import Hosts
from pipeline.policy.dialects.nono.others import other
from pipeline.policy.dialects.nono.parts import Named, Part
from pipeline.policy.dialects.nono.paths import pattern
from pipeline.policy.dialects.nono.state import ACCESS, group_grants, label_of, shown

UNSURE = "its 'when' depends on the distribution, so it is left out"
UNTOLD = "the path has no fixed value here, so it is left out"


class Profile(Hosts):
    """The items of one profile."""

    def items(self) -> list[Item]:
        """Groups and bases first, then the entries in the order of the file."""
        found = [self._base(name, path) for name, path in self._base_names]
        found += [self._group(group) for group in self._groups]
        for part in self._parts:
            found += self._part(part)
        return [*found, *self._link_local()]

    def _base(self, name: str, path: Path) -> Item:
        label = f"extends.{name.replace('/', '.')}"
        if name not in BASES:
            why = "it is not part of this file: what it grants is not granted, what it denies is not known; export the whole with 'nono profile show NAME --format manifest'"
            if "network" in (DEFAULTS | self.network.defaults):
                return self._item(label, path, f"extends {name}", "unsupported", why=why)
            open_ = (
                {
                    "id": f"{label}.network",
                    "on": ["network", "net.bind", "net.listen"],
                    "action": "allow",
                    "origin": self._origin(path),
                },
            )
            return self._item(
                label, path, f"extends {name}", "wider", (), why + "; the network stays closed until accepted", open_
            )
        base = BASES[name]
        grants = [Grant(p, read=True, write=True) for p in map(pattern, base.allow) if p]
        rules = list(grant_rules(label, grants, self._grants, self._origin(path)))
        if any(p.path == path for p in self._base_networks()):
            rules += nono_network.host_rules(
                f"{label}.hosts",
                nono_network.profile_hosts(str(base.network_profile)) or (),
                "allow",
                self._origin(path),
            )
        if base.workdir != "none" and not any(p.key == ("workdir",) for p in self._parts):
            rules += grant_rules(
                f"{label}.workdir", [Grant("${workspace}", *ACCESS[base.workdir])], self._grants, self._origin(path)
            )
        return self._item(label, path, f"extends {name}", "exact", tuple(rules))

    def _group(self, group: Named) -> Item:
        label, text = f"groups.{group.name}", f"group {group.name}"
        if group.name in ELSEWHERE:
            return self._item(label, group.path, text, "setting", why="a group for macOS")
        if not group.known:
            return self._item(label, group.path, text, "unsupported", why="what is in this group is not known here")
        content, origin = GROUPS[group.name], self._origin(group.path)
        commands = [c for c in content.commands if c not in self._lifted]
        rules = grant_rules(label, group_grants(content), self._grants, origin)
        rules += deny_rules(
            label, [p for p in (pattern(d, deny=True) for d in content.deny) if p], self._bypassed, origin
        )
        if not commands:
            return self._item(label, group.path, text, "exact", rules)
        why = "nono keeps only the program that it starts itself from having these names; here they would be denied to all, which few programs bear"
        return self._item(
            label, group.path, text, "wider", (*rules, *command_rules(label, commands, origin)), why, rules
        )

    def _part(self, part: Part) -> list[Item]:
        known = other(part.key, part.value)
        if known:
            return [self._item(label_of(part), part.path, shown(part), known[0], why=known[1])]
        if part.key[0] == "filesystem":
            return [self._file(part)]
        if part.key[0] == "network":
            return self._network_part(part)
        if part.key == ("command_policies",):
            return self._command_policies(part)
        if part.key == ("linux",):
            return self._linux(part)
        return [i for i in [self._rest(part)] if i]

    def _file(self, part: Part) -> Item:
        name, kind = label_of(part), part.key[1]
        if kind == "suppress_save_prompt":
            return self._item(
                name, part.path, shown(part), "setting", why="what nono offers to save is no rule about access"
            )
        if kind == "bypass_protection":
            honoured = self._pattern(part, deny=False) in self._bypassed
            why = "" if honoured else "no grant of this profile stands for it, so the denial stays"
            return self._item(name, part.path, shown(part), "exact" if honoured else "narrower", why=why)
        if kind == "deny":
            found = self._pattern(part, deny=True)
            rules = deny_rules(name, [found] if found else [], self._bypassed, self._origin(part.path))
            return self._item(
                name,
                part.path,
                shown(part),
                "exact" if found else "unsupported",
                rules,
                "" if found else "a path that no file has",
            )
        grant = self._grant(part)
        if grant is None:
            return self._item(name, part.path, shown(part), "narrower", why=UNTOLD if part.sure else UNSURE)
        rules = grant_rules(name, [grant], self._grants, self._origin(part.path))
        if kind == "unix_socket_bind":
            return self._item(name, part.path, shown(part), "narrower", rules, "making the socket is not granted here")
        return self._item(name, part.path, shown(part), "exact", rules)

    def _command_policies(self, part: Part) -> list[Item]:
        found = []
        for name, command in (part.value.get("commands") or {}).items():
            here = (*part.path, "commands", name)
            label = f"command_policies.{name}"
            why = "a sandbox for a single command has no counterpart here; the other rules hold for it"
            found.append(self._item(label, here, f"command {name}", "unsupported", why=why))
            for i, (path, text, rules, lost) in enumerate(invocations(name, command, here)):
                written = tuple({"id": f"{label}.{i + 1}", **rule, "origin": self._origin(path)} for rule in rules)
                found.append(self._item(f"{label}.{i + 1}", path, text, "narrower", written, lost))
        return found or [
            self._item("command_policies", part.path, "command_policies", "setting", why="it names no command")
        ]

    def _rest(self, part: Part) -> Item | None:
        name, origin = label_of(part), self._origin(part.path)
        if part.key == ("commands", "deny"):
            listed = [] if part.value in self._lifted else [str(part.value)]
            why = "nono keeps only the program that it starts itself from having this name; here all are kept from it"
            return self._item(name, part.path, shown(part), "narrower", command_rules(name, listed, origin), why)
        if part.key == ("commands", "allow"):
            return self._item(
                name, part.path, shown(part), "setting", why="it takes a name from those that nono refuses to start"
            )
        if part.key == ("groups", "exclude"):
            return self._item(name, part.path, shown(part), "exact")
        if part.key == ("workdir",):
            grants = (
                [Grant("${workspace}", *ACCESS[part.value["access"]])]
                if part.value.get("access", "none") != "none"
                else []
            )
            return self._item(
                name,
                part.path,
                f"workdir {part.value.get('access', 'none')}",
                "exact",
                grant_rules(name, grants, self._grants, origin),
            )
        return None
