"""ECS documents of the tables beside ``activity``: findings, actions, requests, runs, coverage, policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline import schema
from pipeline.export.formats import attack, facts, leaves, product
from pipeline.export.formats.identity import event_id, event_moment, severity_level
from pipeline.export.formats.leaves import choice, digits, iso, number, text
from pipeline.export.formats.tree import Const, Members, Node, Object

VERSION = "9.4.0"
"""The first members of ``gen_ai.agent`` and ``gen_ai.tool`` came with 9.1; the tests hold names to this version."""


def document(
    table: str,
    members: dict[str, Node],
    groups: list[Members],
    kept: Iterable[str] = (),
    more: Mapping[str, Node] | None = None,
    told: Sequence[Members] = (),
) -> Object:
    """The members, and under ``lictor`` every column that none of them is made of, those in ``kept``, and ``more``.

    ``told`` are groups of columns that ``lictor`` shares with other documents.
    """
    nodes = [*groups, *members.values()]
    rest = leaves.rest(table, nodes, kept, {"table": Const(table), **(more or {})}, told)
    return Object({"ecs": Object({"version": Const(VERSION)}), **members, "lictor": rest}, groups=groups)


def _row(
    table: str, kind: str, category: str, type_: Node, action: Node, members: dict[str, Node], kept: Iterable[str] = ()
) -> Object:
    """A document of another table than ``activity``."""
    columns = {c.name for c in schema.TABLES[table]}
    event: dict[str, Node] = {
        "kind": Const(kind),
        "category": Const([category]),
        "type": type_,
        "action": action,
        "module": Const("lictor"),
        "dataset": Const(f"lictor.{table}"),
        "id": event_id(table),
        "severity": severity_level(table),
        **{key: node for key, node in members.items() if key in _EVENT_KEYS},
    }
    host: dict[str, Node] = {"hostname": text("host"), "name": text("host")}
    if "boot_id" in columns:
        host["boot"] = Object({"id": text("boot_id")})
    others = {key: node for key, node in members.items() if key not in _EVENT_KEYS}
    made: dict[str, Node] = {
        "@timestamp": event_moment(table),
        "event": Object(event),
        "host": Object(host),
        "observer": Object(
            {"product": Const(product.PRODUCT), "vendor": Const(product.VENDOR), "version": Const(product.version())}
        ),
        **others,
    }
    if "agent_run" in columns:
        agent = {"name": text("agent")} if "agent" in columns else {}
        made["gen_ai"] = Object({"agent": Object({"id": text("agent_run"), **agent})})
    return document(table, made, [], kept)


_EVENT_KEYS = ("outcome", "reason", "start", "end")


def _rule() -> Object:
    return Object({"name": text("rule"), "ruleset": text("policy")})


def _finding() -> Object:
    tactic = Object({"id": attack.tactics("attack")})
    technique = Object(
        {"id": attack.techniques("attack"), "subtechnique": Object({"id": attack.subtechniques("attack")})}
    )
    members: dict[str, Node] = {
        "message": text("title"),
        "rule": Object({"name": text("rule"), "ruleset": text("policy"), "description": text("title")}),
        "threat": Object({"tactic": tactic, "technique": technique}),
        "tags": facts.listed("attack"),
    }
    return _row("findings", "alert", "intrusion_detection", Const(["info"]), Const("finding"), members, ("severity",))


def _action() -> Object:
    stopped = dict.fromkeys(("ask", "deny", "freeze", "quarantine", "isolate", "kill"), '["denied"]')
    type_ = replace(choice("action", {**stopped, "release": '["allowed"]'}, '["info"]', '["info"]'), is_json=True)
    members: dict[str, Node] = {
        "outcome": choice("enforcement", {"confirmed": "success", "failed": "failure"}, "unknown", "unknown"),
        "reason": text("evidence"),
        "rule": _rule(),
        "process": Object({"entity_id": facts.key("process_key"), "pid": number("pid")}),
    }
    return _row("actions", "event", "intrusion_detection", type_, text("action"), members, ("enforcement",))


def _request() -> Object:
    type_ = replace(
        choice(
            "state", {"released": '["allowed"]', "denied": '["denied"]', "killed": '["denied"]'}, '["info"]', '["info"]'
        ),
        is_json=True,
    )
    members: dict[str, Node] = {
        "reason": text("because"),
        "rule": _rule(),
        "user": Object({"id": digits("uid"), "name": text("user")}),
        "process": Object(
            {
                "entity_id": facts.key("process_key"),
                "pid": number("pid"),
                "executable": text("exe"),
                "name": facts.basename("exe"),
                "command_line": text("cmdline"),
            }
        ),
    }
    return _row("requests", "event", "intrusion_detection", type_, text("state"), members)


def _run() -> Object:
    type_ = replace(choice("state", {"started": '["start"]', "ended": '["end"]'}, '["info"]', '["info"]'), is_json=True)
    members: dict[str, Node] = {
        "start": iso("started"),
        "end": iso("ended"),
        "user": Object({"name": text("user")}),
        "gen_ai": Object({"agent": Object({"name": text("agent"), "id": text("run")})}),
        "rule": Object({"ruleset": text("policy"), "version": text("policy_version")}),
        "process": Object(
            {
                "entity_id": facts.key("root_key"),
                "pid": number("root_pid"),
                "command_line": text("command"),
                "working_directory": text("cwd"),
                "exit_code": number("exit_code"),
            }
        ),
    }
    return _row("runs", "event", "session", type_, text("state"), members)


def _coverage() -> Object:
    lost = leaves.derived_or("lost", lambda n: facts.pick(n, "failure", "success"), "success")
    members: dict[str, Node] = {"start": iso("since"), "end": iso("until"), "outcome": lost, "reason": text("reason")}
    return _row("coverage", "metric", "host", Const(["info"]), Const("coverage"), members, ("lost",))


def _policy() -> Object:
    members: dict[str, Node] = {
        "outcome": choice("state", {"in_force": "success", "refused": "failure"}, "unknown", "unknown"),
        "reason": text("reason"),
        "rule": Object({"ruleset": text("policy"), "version": text("version")}),
    }
    return _row("policies", "event", "configuration", Const(["change"]), text("state"), members)


RECORDS: dict[str, Callable[[], Object]] = {
    "findings": _finding, "actions": _action, "requests": _request, "runs": _run, "coverage": _coverage, "policies": _policy,
}  # fmt: skip
"""What makes the document of each table."""
