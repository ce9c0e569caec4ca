"""The report of an agentsh import: one item for each rule of the file, with the rules that stand for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.agentsh import commands as agentsh_commands
from pipeline.policy.dialects.agentsh import files as agentsh_files
from pipeline.policy.dialects.agentsh import network as agentsh_network
from pipeline.policy.dialects.agentsh.others import others
from pipeline.policy.dialects.agentsh.reasons import command_reason, file_reason, network_reason, socket_reason
from pipeline.policy.dialects.interface import Item, Rules
from pipeline.policy.dialects.json_places import pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.policy.dialects.agentsh.order import Written
    from pipeline.policy.source import Location, Tree

Line = tuple["Written", tuple[str, ...]]

_TEMPLATE = re.compile(r"\{\{\s*\.?([A-Za-z]+)[^}]*\}\}")
_SECTIONS = {
    "file": "file_rules",
    "network": "network_rules",
    "command": "command_rules",
    "socket": "unix_socket_rules",
}
NO_RULE = -1


class Report:
    """Items and defaults of one policy."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._data = tree.data
        self._names: set[str] = set()
        self.defaults: dict[str, str] = {}

    def items(self) -> list[Item]:
        """Items in the order of the kinds: files, networks, commands, sockets, the rest."""
        files = agentsh_files.translate(self._rules("file"))
        networks = agentsh_network.translate(self._rules("network"))
        commands = agentsh_commands.translate(self._rules("command"))
        sockets = agentsh_network.translate_sockets(self._rules("socket"))
        self.defaults = dict(files.defaults)
        for selector, made in (("exec", commands), ("network", networks)):
            if made.default != "allow":
                self.defaults[selector] = made.default
        found = self._section("file", files.rules, lambda i, r, ls: file_reason(i, r, ls, files))
        found += self._section(
            "network",
            [(w, ("network",)) for w in networks.written],
            lambda i, r, ls: network_reason(i, r, ls, networks),
            agentsh_network.accepted,
        )
        found += self._section(
            "command", [(w, ("exec",)) for w in commands.written], lambda i, r, ls: command_reason(i, r, ls, commands)
        )
        found += self._section("socket", sockets.rules, socket_reason)
        return [*found, *(self._other(*o) for o in others(self._data))]

    def _rules(self, kind: str) -> list[dict[str, Any]]:
        return [rule or {} for rule in self._data.get(_SECTIONS[kind]) or ()]

    def _section(
        self,
        kind: str,
        lines: Sequence[Line],
        reason: Callable[[int, dict[str, Any], Sequence[Line]], tuple[str, str]],
        accepted: Callable[[int, dict[str, Any]], list[Written]] | None = None,
    ) -> list[Item]:
        found = []
        for i, rule in enumerate(self._rules(kind)):
            own = [line for line in lines if line[0].index == i]
            outcome, why = reason(i, rule, own)
            more = accepted(i, rule) if accepted and outcome == "wider" else []
            found.append(self._item(kind, i, rule, own, outcome, why, [(w, ("network",)) for w in more]))
        rest = [line for line in lines if line[0].index == NO_RULE]
        return [*found, *([self._rest(kind, rest)] if rest else [])]

    def _item(
        self, kind: str, i: int, rule: dict[str, Any], own: Iterable[Line], outcome: str, why: str, more: Iterable[Line]
    ) -> Item:
        here: Location = (_SECTIONS[kind], i)
        line = self._tree.position(here)[0]
        name = _plain(rule.get("name") or "") or f"{kind}-{i}"
        said = {"origin": f"line {line} {_SECTIONS[kind]}.{rule.get('name') or i}"[:1000]}
        if (rule.get("description") or "").strip():
            said["title"] = _line(rule["description"])
        if (rule.get("message") or "").strip():
            said["because"] = _line(rule["message"])
        text = f"{rule.get('decision')} {_shown(rule)}"[:200]
        return Item(
            self._unique(name, f"{_SECTIONS[kind]}-{i}"), pointer(here), line, text, outcome,
            _written(name, own, said), _written(name, more, said), why,
        )  # fmt: skip

    def _rest(self, kind: str, own: Sequence[Line]) -> Item:
        """What agentsh denies where no rule matches, as far as that is no default here."""
        section = _SECTIONS[kind]
        line = self._tree.position((section,), key=True)[0]
        rules = _written(f"agentsh-{kind}-default", own, {"origin": f"line {line} {section}"})
        return Item(
            self._unique(f"agentsh-{kind}-default", section),
            f"/{section}",
            line,
            "what no rule matches",
            "exact",
            rules,
        )

    def _other(self, location: Location, text: str, outcome: str, why: str) -> Item:
        line = self._tree.position(location, key=True)[0]
        name = "-".join(str(part) for part in location)
        return Item(self._unique(_plain(name), name), pointer(location), line, text[:200], outcome, why=why)

    def _unique(self, name: str, other: str) -> str:
        """A name that no item has yet."""
        chosen = name if name not in self._names else other
        while chosen in self._names:
            chosen += "-"
        self._names.add(chosen)
        return chosen


def _written(name: str, lines: Iterable[Line], said: dict[str, Any]) -> Rules:
    rules = []
    for written, selectors in lines:
        rule: dict[str, Any] = {"id": name, "on": list(selectors)}
        if written.match:
            rule["match"] = written.match
        if written.unless:
            rule["unless"] = written.unless
        rules.append({**rule, "action": written.action, **said})
    return tuple(r if i == 0 else {**r, "id": f"{name}.{i + 1}"} for i, r in enumerate(rules))


def _plain(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:90]
    return plain if re.match("[A-Za-z0-9]", plain) else ""


def _line(text: str) -> str:
    """One line, with the names of template fields in place of the fields."""
    return " ".join(_TEMPLATE.sub(lambda m: f"({m[1].lower()})", text).split())[:1000]


def _shown(rule: dict[str, Any]) -> str:
    keys = ("operations", "paths", "domains", "cidrs", "ports", "commands", "args_patterns")
    return " ".join(f"{key}={','.join(map(str, rule[key]))}" for key in keys if rule.get(key))
