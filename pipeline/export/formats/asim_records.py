"""What every row for ASIM has, and the rows of the tables beside ``activity``: alerts for findings and actions, audit for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from pipeline import schema
from pipeline.export.formats import attack, facts, leaves, product
from pipeline.export.formats.identity import event_id, event_moment, severity_level
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, digits, first, iso, text
from pipeline.export.formats.tree import Const, Members, Node, Object

STREAMS = {
    "fork": "ASimProcessEventLogs", "process": "ASimProcessEventLogs", "file": "ASimFileEventLogs", "network": "ASimNetworkSessionLogs", "dns": "ASimDnsActivityLogs",
    "agent": "ASimAgentEventLogs", "other": "ASimAuditEventLogs", "findings": "ASimAlertEventLogs", "actions": "ASimAlertEventLogs",
    "requests": "ASimAuditEventLogs", "runs": "ASimAuditEventLogs", "coverage": "ASimAuditEventLogs", "policies": "ASimAuditEventLogs",
}  # fmt: skip
"""The ASIM table of each kind of row."""

_VERSIONS = {
    "ASimProcessEventLogs": "0.1.4", "ASimFileEventLogs": "0.2.1", "ASimNetworkSessionLogs": "0.2.6", "ASimDnsActivityLogs": "0.1.7",
    "ASimAgentEventLogs": "0.1.0", "ASimAuditEventLogs": "0.1.2", "ASimAlertEventLogs": "0.1.0",
}  # fmt: skip

_SEVERITIES: dict[str, leaves.Value] = {"0": "Informational", "1": "Low", "2": "Medium", "3": "High", "4": "High"}


def row(
    table: str,
    kind: str,
    type_: Node,
    members: Mapping[str, Node],
    groups: tuple[Members, ...] = (),
    kept: tuple[str, ...] = (),
) -> Object:
    """The columns that every ASIM table has, and those of this one."""
    stream = STREAMS[kind]
    moment = event_moment(table)
    every: dict[str, Node] = {
        "TimeGenerated": moment,
        "EventStartTime": moment,
        "EventEndTime": moment,
        "EventCount": Const(1),
        "EventVendor": Const(product.VENDOR),
        "EventProduct": Const(product.PRODUCT),
        "EventSchemaVersion": Const(_VERSIONS[stream]),
        "EventOriginalUid": event_id(table),
        "EventType": type_,
        **members,
    }
    if stream != "ASimAgentEventLogs":
        every |= {"EventProductVersion": Const(product.version())}
        if table != "activity":
            every |= {"DvcHostname": text("host"), "EventSeverity": severity(table)}
    nodes = [*groups, *every.values()]
    every["AdditionalFields"] = leaves.rest(
        table, nodes, ("time_ns", "mode", "outcome", *kept), {"table": Const(table)}, _more(table)
    )
    return Object(every, groups=groups)


@cache
def _more(table: str) -> tuple[Members, ...]:
    if table != "activity":
        return ()
    names = (
        "class", "agent", "agent_version", "agent_run", "initiator", "initiator_evidence", "cgroup", "cmdline_bytes", "join_confidence",
        "marks", "dst_name_from", "verdict", "policy", "policy_version", "enforced_at", "enforcement", "quality", "container", "cwd",
        "conversation", "tool_call", "tool", "trace_id", "span_id", "exit_code", "signal",
    )  # fmt: skip
    return (Members({c.name: leaves.of_column(c) for c in schema.ACTIVITY if c.name in names}, shared=True),)


def severity(table: str) -> Leaf:
    """ASIM's name for how bad it is; it has none for critical."""
    return choice(leaves.as_text(severity_level(table)), _SEVERITIES, "Informational", "Informational")


def _finding() -> Object:
    members: dict[str, Node] = {
        "EventResult": Const("Success"),
        "AlertId": first(text("id"), event_id("findings")),
        "AlertName": text("title"),
        "RuleName": text("rule"),
        "DetectionMethod": Const("EDR"),
        "EventOriginalSeverity": text("severity"),
        "AttackTactics": attack.joined("attack", attack.tactics),
        "AttackTechniques": attack.joined("attack", attack.techniques_and_sub),
    }
    return row("findings", "findings", Const("Alert"), members, (), ("attack",))


def _action() -> Object:
    confirmed: dict[str, leaves.Value] = {"confirmed": "Success", "failed": "Failure"}
    members: dict[str, Node] = {
        "EventResult": choice("enforcement", confirmed, "NA", "NA"),
        "EventOriginalResultDetails": text("enforcement"),
        "EventMessage": text("evidence"),
        "AlertId": first(text("id"), event_id("actions")),
        "AlertName": text("action"),
        "AlertOriginalStatus": text("phase"),
        "RuleName": text("rule"),
        "DvcOriginalAction": text("action"),
        "ProcessId": digits("pid"),
    }
    return row("actions", "actions", Const("Alert"), members)


def _request() -> Object:
    members: dict[str, Node] = {
        "EventResult": Const("Success"),
        "EventMessage": text("because"),
        "Operation": text("state"),
        "Object": text("object"),
        "RuleName": text("rule"),
        "ActorUsername": text("user"),
        "ActorUserId": digits("uid"),
        "ActingAppName": text("agent"),
    }
    return row("requests", "requests", Const("Other"), members)


def _run() -> Object:
    members: dict[str, Node] = {
        "EventResult": leaves.derived_or("exit_code", lambda codes: facts.pick(codes, "Failure", "Success"), "Success"),
        "Operation": text("state"),
        "Object": text("run"),
        "ObjectType": Const("Service"),
        "ActorUsername": text("user"),
        "ActingAppName": text("agent"),
    }
    return row(
        "runs",
        "runs",
        choice("state", {"started": "Enable", "ended": "Disable"}, "Other", "Other"),
        members,
        (),
        ("exit_code",),
    )


def _coverage() -> Object:
    members: dict[str, Node] = {
        "EventResult": leaves.derived_or("lost", lambda lost: facts.pick(lost, "Partial", "Success"), "Success"),
        "EventOriginalResultDetails": text("reason"),
        "Operation": Const("coverage"),
        "Object": text("source"),
        "EventStartTime": first(iso("since"), event_moment("coverage")),
    }
    return row("coverage", "coverage", Const("Other"), members, (), ("lost", "until"))


def _policy() -> Object:
    members: dict[str, Node] = {
        "EventResult": choice("state", {"in_force": "Success", "refused": "Failure"}, "NA", "NA"),
        "EventMessage": text("reason"),
        "Operation": text("state"),
        "Object": text("policy"),
        "ObjectType": Const("Policy Rule"),
        "NewValue": text("version"),
        "ValueType": leaves.where(text("version"), "Hash"),
    }
    return row("policies", "policies", Const("Set"), members)


RECORDS: dict[str, Callable[[], Object]] = {
    "findings": _finding, "actions": _action, "requests": _request, "runs": _run, "coverage": _coverage, "policies": _policy,
}  # fmt: skip
"""What makes the row of each table."""
