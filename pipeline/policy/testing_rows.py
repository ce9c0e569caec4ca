"""Events as tests write them, as rows of ``activity``: what a rule with a memory looks at.

A process of a test has a small number; its key is that number, so that ``fork`` can name a child. Each event is a
millisecond after the one before unless it says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline import schema
from pipeline.policy import globs
from pipeline.policy.context import RunContext, resolver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.model import TestEvent

INTENT = {"file.read": ("read",), "file.write": ("write",), "file.create": ("write", "create")}
PROTOCOL = {"net.connect": "tcp", "net.listen": "tcp", "net.accept": "tcp", "net.send": "udp"}

_BEGIN_NS = 10**18
_STEP_NS = 10**6


def filled(path: str | None, context: RunContext) -> str | None:
    """A path with its variables filled in; raises ``GlobError`` for one without a value."""
    return None if path is None else globs.fill(path, resolver(context), quote=False)


def batch_of(events: Sequence[TestEvent], context: RunContext) -> pa.RecordBatch:
    """One row for each event, all of one run; raises ``GlobError``."""
    rows, now = [], _BEGIN_NS
    for i, event in enumerate(events):
        now += event.after if event.after is not None else _STEP_NS
        rows.append(_row(event, context) | {"time_ns": now, "time": now // 1000, "cpu": 0, "seq": i})
    table = pa.Table.from_pylist(rows, schema=schema.lake_schema("activity"))
    columns = {name: table.column(name).combine_chunks() for name in table.schema.names}
    return schema.batch("activity", {
        name: column.dictionary_encode() if pa.types.is_string(column.type) else column
        for name, column in columns.items() if column.null_count < len(column)
    })  # fmt: skip


def _row(event: TestEvent, context: RunContext) -> dict[str, Any]:
    exe = event.exe or (event.path if event.on == "exec" else None)
    paths = {
        "path": event.path,
        "path_to": event.path_to,
        "script": event.script,
        "exe": exe,
        "parent_exe": event.parent,
    }
    ends = {f"{end}_{what}": getattr(event, f"{end}_{what}") for end in ("src", "dst") for what in ("ip", "port")}
    return {
        **{name: filled(path, context) for name, path in paths.items()},
        **ends,
        "agent_run": "test", "operation": event.on, "outcome": "success", "errno": 0, "boot_id": "test", "source": "test",
        "class": schema.OPERATION_BY_NAME[event.on].activity_class,
        "intent": ",".join(event.intent or INTENT.get(event.on, ())) or None,
        "protocol": event.protocol or PROTOCOL.get(event.on),
        "cmdline": event.argv, "user": event.user, "dst_name": event.domain, "exe_sha256": event.exe_hash,
        "bytes": event.bytes, "process_key": event.process, "child_key": event.child,
    }  # fmt: skip
