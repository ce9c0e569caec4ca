"""OCSF application lifecycle (6002): runs of agents, policies put in force, and how well the collectors saw."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats import product
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, derived_or, first, moment, text
from pipeline.export.formats.ocsf import common
from pipeline.export.formats.ocsf.common import device, event
from pipeline.export.formats.tree import Const, Node, Object

LIFECYCLE = 6002
_OTHER = 99


def run() -> Object:
    """A row of ``runs``: 3 start, 4 stop."""
    root = common.process({"cmd_line": text("command"), "working_directory": text("cwd")}, "root_key", "root_pid")
    members: dict[str, Node] = {
        "app": Object({"name": first(text("agent"), common.NOT_KNOWN), "uid": text("run")}),
        "device": device("runs"),
        "actor": Object({"process": root, "user": Object({"name": text("user")})}),
        "status_id": derived_or("exit_code", _ended_well, 1),
        "start_time": moment("started"),
        "end_time": moment("ended"),
    }
    return event(
        "runs",
        LIFECYCLE,
        choice("state", {"started": 3, "ended": 4}, _OTHER, 0),
        members,
        kept=("state", "exit_code", "started", "ended"),
    )


def _ended_well(codes: pa.Array) -> pa.Array:
    """1 success, 2 failure; a run that goes on has not failed."""
    return pc.if_else(pc.fill_null(pc.not_equal(codes, 0), fill_value=False), 2, 1)


def coverage() -> Object:
    """A row of ``coverage``: what a collector saw in an interval, as a state of Lictor itself."""
    members: dict[str, Node] = {
        "activity_name": Const("Coverage"),
        "app": _lictor(),
        "device": device("coverage"),
        "status_id": derived_or(
            "lost", lambda lost: pc.if_else(pc.fill_null(pc.greater(lost, 0), fill_value=False), 2, 1), 1
        ),
        "status_detail": text("reason"),
        "start_time": moment("since"),
        "end_time": moment("until"),
    }
    return event("coverage", LIFECYCLE, _OTHER, members, kept=("cpu", "class", "since", "until", "lost"))


def policy() -> Object:
    """A row of ``policies``: 8 update, which failed where the policy was refused."""
    members: dict[str, Node] = {
        "app": _lictor(),
        "device": device("policies"),
        "policy": Object(
            {"name": text("policy"), "version": text("version"), "is_applied": _in_force()}, any_of=("name",)
        ),
        "status_id": choice("state", {"in_force": 1, "refused": 2}, _OTHER, 0),
        "status_detail": text("reason"),
    }
    return event(
        "policies", LIFECYCLE, 8, members, profiles=("host", "security_control"), kept=("version", "state", "file")
    )


def _lictor() -> Object:
    return Object(
        {"name": Const(product.PRODUCT), "vendor_name": Const(product.VENDOR), "version": Const(product.version())}
    )


def _in_force() -> Leaf:
    words = text("state")
    return Leaf(("state",), lambda rows: None if (s := words.make(rows)) is None else pc.equal(s, "in_force"))
