"""One Cedar statement as rules: its actions as operations, its targets as matches, and how near that comes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Item, Rules
from pipeline.policy.dialects.leash.matches import CONNECT, EXEC, KINDS, OPEN, matches
from pipeline.policy.dialects.leash.targets import ANY, Reading, Target, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.policy.dialects.leash.cedar import Statement

_ACTIONS = {
    "fileopen": (OPEN, ("file.open", "file.read", "file.write")),
    "fileopenreadonly": (OPEN, ("file.read",)),
    "fileopenreadwrite": (OPEN, ("file.write",)),
    "processexec": (EXEC, ("exec",)),
    "networkconnect": (CONNECT, ("network",)),
}
_ACTION = {"permit": "allow", "forbid": "deny"}
LONGEST_TEXT = 200


@dataclass
class Made:
    """An item, and how many entries of each kernel table Leash makes of its statement."""

    item: Item
    loaded: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Actions:
    """Operations by kind, and what else stands in the list."""

    operations: Mapping[str, tuple[str, ...]]
    mcp: bool = False
    rewrite: bool = False
    unknown: tuple[str, ...] = ()
    count: Mapping[str, int] = field(default_factory=dict)


EVERYTHING = Actions(dict(_ACTIONS.values()) | {OPEN: _ACTIONS["fileopen"][1]})


def translate(statement: Statement, name: str) -> Made:
    """The item of one statement; ``name`` is Leash's own for it."""
    actions, reading = _actions(statement), read(statement)
    loaded = _loaded(statement, actions, reading)
    write = _permit if statement.effect == "permit" else _forbid
    outcome, safe, accepted, why = write(statement, name, actions, reading)
    item = Item(
        name=name,
        pointer=f"line {statement.line}",
        line=statement.line,
        text=statement.text[:LONGEST_TEXT],
        outcome=outcome,
        safe=safe,
        accepted=accepted,
        why=why,
    )
    return Made(item, loaded)


def _actions(statement: Statement) -> Actions:
    operations: dict[str, tuple[str, ...]] = {}
    count: dict[str, int] = {}
    names = [e.id.lower() if e.type == "Action" else f"{e.type}::{e.id}" for e in statement.action.entities]
    for name in names:
        if name in _ACTIONS:
            kind, selectors = _ACTIONS[name]
            operations[kind] = tuple(dict.fromkeys((*operations.get(kind, ()), *selectors)))
            count[kind] = count.get(kind, 0) + 1
    known = {*_ACTIONS, "mcpcall", "httprewrite"}
    return Actions(
        operations, "mcpcall" in names, "httprewrite" in names, tuple(n for n in names if n not in known), count
    )


def _loaded(statement: Statement, actions: Actions, reading: Reading) -> dict[str, int]:
    """Entries that Leash makes; hosts by name and ``*`` take none or one, so the count is of what is sure."""
    if actions.mcp and statement.effect == "forbid":
        servers = {t.value.lower() for t in reading.loaded if t.kind == "server"}
        return {CONNECT: len(servers)} if servers else {}
    found = {}
    for kind in actions.operations:
        fitting = [t for t in reading.loaded if t.kind in KINDS[kind]]
        if fitting:
            found[kind] = len(fitting) * actions.count[kind]
    return found


_Outcome = tuple[str, Rules, Rules, str]


def _permit(statement: Statement, name: str, actions: Actions, reading: Reading) -> _Outcome:
    if not actions.operations:
        return _no_operations(actions, "permit")
    safe = _rules(statement, name, actions, reading.allowed)
    meant = _rules(statement, name, actions, reading.meant.lower)
    if not safe and meant:
        if reading.meant.lower == (ANY,):
            return "narrower", (), (), "Leash skips a permit that names no resource, so nothing is written for it"
        return "wider", (), meant, "Leash does not load this permit, or not in Cedar's meaning, which would allow it"
    if not safe:
        return "unsupported", (), (), "it names nothing that its actions could act on, and Leash skips it"
    why = _permit_why(actions, reading)
    return ("narrower" if why else "exact"), safe, (), why


def _permit_why(actions: Actions, reading: Reading) -> str:
    if set(reading.allowed) != set(reading.loaded) or set(reading.allowed) != set(reading.meant.upper):
        return "Cedar and Leash read it differently, or a target cannot be written here; what both allow is allowed"
    files = actions.operations.get(OPEN, ())
    if "file.write" in files and "file.read" not in files:
        return "an open for reading and writing must pass as both here, and this permits writing only"
    if actions.unknown:
        return f"actions that Leash does not know are left out: {', '.join(actions.unknown)}"
    return ""


def _forbid(statement: Statement, name: str, actions: Actions, reading: Reading) -> _Outcome:
    if actions.mcp:
        return _forbid_mcp(statement, name, reading)
    if not actions.operations and (actions.rewrite or actions.unknown):
        return _no_operations(actions, "forbid")
    if not actions.operations:
        actions = EVERYTHING
    safe = _rules(statement, name, actions, reading.denied)
    if not safe:
        return "unsupported", (), (), "it names nothing that its actions could act on, and Leash skips it"
    exceptions = _exceptions(statement, name, actions)
    if exceptions:
        return "wider", safe, exceptions, "Leash forbids what 'unless' names, Cedar everything else; both are denied"
    why = _forbid_why(actions, reading)
    return ("narrower" if why else "exact"), safe, (), why


def _forbid_why(actions: Actions, reading: Reading) -> str:
    if not set(reading.denied) == set(reading.loaded) == set(reading.meant.lower):
        return "Cedar and Leash read it differently; what either of them denies is denied"
    if OPEN in actions.operations:
        return "an open for reading and writing is denied as either, and file.write is more than opens"
    return ""


def _exceptions(statement: Statement, name: str, actions: Actions) -> Rules:
    """Cedar's meaning of ``forbid … unless { resource in [ … ] }`` without further conditions."""
    if len(statement.conditions) != 1 or statement.conditions[0].kind != "unless" or statement.resource.op:
        return ()
    listed = read(statement).loaded
    if len(actions.operations) != 1 or not listed:
        return ()
    (kind,) = actions.operations
    found = list(matches(kind, listed, "allow"))
    if any(t.kind not in KINDS[kind] for t in listed) or len(found) != 1:
        return ()
    (rule,) = _rules(statement, name, actions, (ANY,))
    return ({**rule, "unless": found[0]},)


def _forbid_mcp(statement: Statement, name: str, reading: Reading) -> _Outcome:
    """Leash refuses to connect to the servers that are named, whichever tools stand beside them."""
    servers = [t.value.lower() for t in reading.loaded if t.kind == "server"]
    hosts = [_host_of(s) for s in dict.fromkeys(servers)]
    safe = _rules(statement, name, Actions({CONNECT: ("network",)}), [h for h in hosts if h])
    if not safe:
        return "unsupported", (), (), "no operation here is a call of an MCP tool"
    return "narrower", safe, (), "as Leash does, the server is cut off whole; calls of single tools are not seen here"


def _host_of(server: str) -> Target | None:
    name = re.sub(r"^[a-z+]+://", "", server)
    name = re.split(r"[/:?#]", name, maxsplit=1)[0]
    return Target("host", name) if re.fullmatch(r"(\*\.)?[a-z0-9._-]+", name) else None


def _no_operations(actions: Actions, effect: str) -> _Outcome:
    if actions.rewrite:
        return "setting", (), (), "changing headers of a request is no rule about access"
    if actions.mcp:
        return "setting", (), (), "a permit of MCP calls does nothing in Leash"
    if actions.unknown:
        return "unsupported", (), (), f"Leash knows no such action and skips it: {', '.join(actions.unknown)}"
    return "narrower", (), (), f"Leash skips a {effect} without an action, so nothing is written for it"


def _rules(statement: Statement, name: str, actions: Actions, targets: Iterable[Target]) -> Rules:
    """A rule for each kind of operation and each key that its targets need."""
    found: list[dict[str, Any]] = []
    listed = tuple(targets)
    said = statement.annotations
    for kind, selectors in actions.operations.items():
        for match in matches(kind, listed, _ACTION[statement.effect]):
            rule: dict[str, Any] = {"id": f"{name}-{kind}", "on": list(selectors)}
            if match:
                rule["match"] = match
            rule["action"] = _ACTION[statement.effect]
            because = next((said[k] for k in ("reason", "description", "advice") if said.get(k)), "")
            if because:
                rule["because"] = " ".join(because.split())[:1000]
            rule["origin"] = f"line {statement.line}"
            found.append(rule)
    return tuple(r if i == 0 else {**r, "id": f"{r['id']}-{i + 1}"} for i, r in enumerate(found))
