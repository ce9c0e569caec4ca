"""OCSF system activity: processes (1007), files (1001), and the kernel (1003)."""

from __future__ import annotations

from functools import cache

from pipeline.export.formats import facts
from pipeline.export.formats.leaves import choice, first, number, text
from pipeline.export.formats.ocsf import common
from pipeline.export.formats.ocsf.common import actor, event, observable
from pipeline.export.formats.tree import Array, Const, Members, Node, Object

PROCESS, FILE, KERNEL = 1007, 1001, 1003
_PROFILES = ("host", "security_control", "container")
_KINDS = {"file": 1, "directory": 2, "character": 3, "block": 4, "socket": 5, "fifo": 6, "symlink": 7}

FILE_ACTIVITIES = {
    "file.open": 14, "file.read": 2, "file.write": 3, "file.create": 1, "file.delete": 4, "file.rename": 5, "file.link": 1,
    "file.symlink": 1, "file.chmod": 7, "file.mkdir": 1, "file.truncate": 3,
}  # fmt: skip
"""1 create, 2 read, 3 update, 4 delete, 5 rename, 7 set security, 14 open."""


def process_events() -> dict[str, Object]:
    """Start, program, end, and what a process did that has no name yet."""
    own = common.program()
    child = common.required_process({"parent_process": _self(), **own}, "child_key", "child_pid")
    started = common.required_process({**own, "parent_process": common.parent()}, "process_key", "pid")
    refused = common.required_process(
        {**own, "name": facts.basename("path"), "file": common.file_of("path"), "parent_process": common.parent()},
        "process_key", "pid",
    )  # fmt: skip
    creator = actor(common.parent())
    return {
        "fork": _process(1, child, actor()),
        "exec": _process(1, started, creator),
        "exec refused": _process(1, refused, actor(), ("exe",)),
        "exit": _process(2, started, actor(), exit_code=True),
        "process": _process(0, started, actor()),
    }


def _self() -> Object:
    return common.process({"name": facts.basename("exe"), "file": common.file_of("exe")}, "process_key", "pid")


def _process(
    activity: int, process: Object, actor_: Object, kept: tuple[str, ...] = (), *, exit_code: bool = False
) -> Object:
    members: dict[str, Node] = {
        "process": process,
        "message_context": message_context(),
        "observables": Array(
            [
                common.who(),
                observable("process.cmd_line", 13, text("cmdline")),
                observable("process.file.hashes.value", 8, text("exe_sha256")),
            ]
        ),
    }
    if exit_code:
        members["exit_code"] = number("exit_code")
    return event(
        "activity", PROCESS, activity, members, actor_=actor_, profiles=(*_PROFILES, "ai_operation"), kept=kept
    )


@cache
def message_context() -> Object:
    """Profile ai_operation: the tool call that an agent made; absent where none is known."""
    return Object(
        {
            "uid": text("tool_call"),
            "name": text("tool"),
            "ai_role_id": Const(3),
            "application": Object({"name": first(text("agent"), common.NOT_KNOWN), "uid": text("agent_run")}),
        },
        any_of=("uid", "name"),
        shared=True,
    )


def file_events() -> dict[str, Object]:
    """Acts on files; of a link the file is the one that was made, and what it leads to stands in ``unmapped``."""
    acted_on = Members(
        {
            "file": _file(),
            "file_result": Object(
                {"name": facts.basename(_RENAMED), "path": _RENAMED, "type_id": Const(0)}, needs=("name",)
            ),
            "access_mask": number("open_flags"),
        }
    )
    seen = Array(
        [
            observable("file.path", 45, _MADE),
            observable("file_result.path", 45, _RENAMED),
            observable("unmapped.path", 45, _LED_TO),
            observable("file.hashes.value", 8, text("sha256")),
        ],
        inner=True,
    )
    members: dict[str, Node] = {"observables": Array([common.who(), seen])}
    activity = choice("operation", FILE_ACTIVITIES, 0, 0)
    return {
        "file": event(
            "activity",
            FILE,
            activity,
            members,
            groups=[acted_on],
            profiles=_PROFILES,
            kept=("mode",),
            unfit={"path": _LED_TO},
        )
    }


_LINKS = ("file.link", "file.symlink")
_MADE = first(facts.where_operation("path_to", _LINKS), text("path"))
_LED_TO = facts.where_operation("path", _LINKS)
_RENAMED = facts.where_operation("path_to", _LINKS, inside=False)


def _file() -> Object:
    named = Members(
        {"name": first(facts.basename(_MADE), common.NOT_KNOWN), "path": _MADE, "parent_folder": facts.dirname(_MADE)}
    )
    kind = first(choice("operation", {"file.mkdir": 2, "file.symlink": 7}), facts.file_kind("mode", dict(_KINDS), 0))
    known = Members(
        {
            "type_id": kind,
            "hashes": common.hashes("sha256"),
            "tags": Array([Object({"name": Const("label"), "values": facts.listed("labels")}, needs=("values",))]),
        }
    )
    return Object({"uid": facts.joined(("dev", "ino"), ":")}, groups=[named, known])


def kernel_events() -> dict[str, Object]:
    """What a process asked of the kernel itself."""
    members: dict[str, Node] = {
        "kernel": Object({"name": Const("io_uring"), "type_id": Const(99), "type": Const("Asynchronous I/O")}),
    }
    return {"kernel.io_uring": event("activity", KERNEL, 1, members, profiles=_PROFILES)}


def other_events() -> dict[str, Object]:
    """Rows that no class of OCSF 1.8 fits: its base event (0) takes them, so that none is lost."""
    members: dict[str, Node] = {}
    return {"other": event("activity", 0, 99, members, profiles=_PROFILES)}
