"""UDM events of the tables beside ``activity``: findings, actions, requests, runs, coverage, policies."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.export.formats import attack, facts, leaves
from pipeline.export.formats.leaves import choice, digits, first, text
from pipeline.export.formats.tree import Array, Const, Node, Object
from pipeline.export.formats.udm_nouns import BLOCKED, UNKNOWN, event, file_of, key, machine, principal, severity


def _finding() -> Object:
    result = Object(
        {
            "rule_name": text("rule"),
            "summary": text("title"),
            "severity": severity("findings"),
            "category_details": facts.listed("attack"),
            "attack_details": Object(
                {"tactics": attack.udm("attack", tactics=True), "techniques": attack.udm("attack", tactics=False)}
            ),
        }
    )
    return event(
        "findings",
        Const("GENERIC_EVENT"),
        {"principal": machine(), "security_result": Array([result])},
        (),
        ("severity",),
    )


def _action() -> Object:
    action = choice("action", {**BLOCKED, "release": "ALLOW"}, "UNKNOWN_ACTION", "UNKNOWN_ACTION")
    result = Object(
        {
            "action": Array([action]),
            "action_details": text("action"),
            "rule_name": text("rule"),
            "rule_set": text("policy"),
            "description": text("evidence"),
            "severity": severity("actions"),
        }
    )
    process = Object({"pid": digits("pid"), "product_specific_process_id": key("process_key")})
    members: dict[str, Node] = {
        "principal": machine(),
        "target": Object({"process": process}),
        "security_result": Array([result]),
    }
    return event("actions", Const("GENERIC_EVENT"), members)


def _request() -> Object:
    action = choice(
        "state", {"released": "ALLOW", "denied": "BLOCK", "killed": "BLOCK"}, "UNKNOWN_ACTION", "UNKNOWN_ACTION"
    )
    result = Object(
        {
            "action": Array([action]),
            "rule_name": text("rule"),
            "rule_set": text("policy"),
            "description": text("because"),
            "severity": severity("requests"),
        }
    )
    process = Object(
        {
            "pid": digits("pid"),
            "product_specific_process_id": key("process_key"),
            "file": file_of("exe"),
            "command_line": text("cmdline"),
        }
    )
    return event(
        "requests",
        Const("GENERIC_EVENT"),
        {"principal": principal(process=process), "security_result": Array([result])},
    )


def _run() -> Object:
    process = Object(
        {"pid": digits("root_pid"), "product_specific_process_id": key("root_key"), "command_line": text("command")}
    )
    principal = Object(
        {
            "hostname": first(leaves.filled("host"), UNKNOWN),
            "user": Object({"userid": text("user")}),
            "application": text("agent"),
            "process": process,
        }
    )
    type_ = choice("state", {"started": "STATUS_STARTUP", "ended": "STATUS_SHUTDOWN"}, "STATUS_UPDATE", "STATUS_UPDATE")
    return event("runs", type_, {"principal": principal})


def _coverage() -> Object:
    return event("coverage", Const("STATUS_HEARTBEAT"), {"principal": machine()}, (), ("until", "since", "lost"))


def _policy() -> Object:
    result = Object({"rule_set": text("policy"), "rule_version": text("version"), "description": text("reason")})
    type_ = Const("SETTING_MODIFICATION")
    target = Object(
        {"resource": Object({"name": first(leaves.filled("policy"), UNKNOWN), "resource_type": Const("SETTING")})}
    )
    return event("policies", type_, {"principal": machine(), "target": target, "security_result": Array([result])})


RECORDS: dict[str, Callable[[], Object]] = {
    "findings": _finding, "actions": _action, "requests": _request, "runs": _run, "coverage": _coverage, "policies": _policy,
}  # fmt: skip
"""What makes the event of each table."""
