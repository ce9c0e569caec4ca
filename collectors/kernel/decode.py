"""From raw records to a batch of the activity schema.

Bytes in, batch out: no ring, no clock, no file. Numbers become columns by array
arithmetic; text columns are built from the distinct ids of the batch. Columns that no row
of the batch fills are left out.
"""

from __future__ import annotations

import json
import pwd
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.identity import process_keys
from collectors.interface import Origin, Run
from collectors.kernel import network, paths
from collectors.kernel.columns import Distinct, Table, constant, looked_up, masked, scattered
from collectors.kernel.members import Members, Records
from collectors.kernel.processes import ImageTable, ProcessTable
from collectors.kernel.records import EVENT, RULE_DEFAULT, RULE_ISOLATED, VERDICT_NONE
from collectors.kernel.strings import StringTable
from pipeline import schema

EINPROGRESS = 115
FROM_PROC = 1 << 31
"""Programs with numbers from here on were read from ``/proc``, not told by the kernel at exec."""

_FORK, _EXEC, _EXIT = (schema.OPERATION_BY_NAME[n].code for n in ("fork", "exec", "exit"))
_PROCESS, _NETWORK = (schema.CLASSES.index(c) for c in ("process", "network"))


def _of_a_byte(texts: Sequence[str | None]) -> Table:
    """Texts by the value of a byte; NULL for values that have none."""
    return Table([*texts, *[None] * (256 - len(texts))])


_CLASS = _of_a_byte(schema.CLASSES)
_OPERATION = Table([o.name if (o := schema.OPERATION_BY_CODE.get(c)) else None for c in range(256)])
_INTENT = Table([schema.flag_text(schema.INTENTS, bits) for bits in range(16)])
_OUTCOME = Table(["success", "failure", "denied"])
_VERDICT = _of_a_byte(schema.VERDICTS)
_ENFORCED = _of_a_byte([None, "kernel"])
_ACTION = Table([None, "kill", "deny", "ask", "freeze"])
_Q_FROM_PROC = 1 << schema.QUALITY.index("from_proc")
_ASK, _FREEZE = (schema.VERDICTS.index(v) for v in ("ask", "freeze"))
_DEFAULT_SELECTOR = {o.code: o.selectors[-1] for o in schema.OPERATIONS}


@dataclass
class Context(Origin):
    """What a record alone does not say; filled by the collector and by those who start runs."""

    clock_offset_ns: int
    """Added to the boot clock it gives nanoseconds since 1970."""
    source: str
    """``activity.source``."""
    strings: StringTable = field(default_factory=StringTable)
    processes: ProcessTable = field(default_factory=ProcessTable)
    images: ImageTable = field(default_factory=ImageTable)
    runs: dict[int, Run] = field(default_factory=dict)
    ended: list[NDArray[np.int64]] = field(default_factory=list)
    """Processes that have ended and whose rows may not all have been decoded yet."""
    rule_names: Callable[[int, int], str | None] = lambda _scope, _bit: None
    """Name of a rule from the number of its scope and its bit."""

    def forget_ended(self) -> None:
        """Drop ended processes; to be called when no older record is left in a ring."""
        for keys in self.ended:
            self.processes.remove(keys)
        if self.ended:
            self.ended.clear()
            self.images.drop_ended(self.processes.live_images())


def view(raw: NDArray[np.uint8]) -> NDArray[np.void]:
    """Raw rows of shape (n, 128) as event records; no copy."""
    return raw.reshape(-1).view(EVENT)


def time_order(raw: NDArray[np.uint8]) -> NDArray[np.intp] | None:
    """Row numbers in the order of time, ``None`` where the rows stand in it already."""
    time = view(raw)["time"].copy()
    if (time[:-1] <= time[1:]).all():
        return None
    return np.argsort(time, kind="stable")


def decode(raw: NDArray[np.uint8], context: Context) -> pa.RecordBatch:
    """A sparse activity batch from raw rows of shape (n, 128), in time order."""
    records = Members(raw, time_order(raw))
    keys = process_keys(context.boot_id, records["start"].astype(np.int64), records["pid"].astype(np.int32))
    _learn(records, keys, context)
    columns = {
        **_when(records, context),
        **_what(records),
        **_who(records, keys, context),
        **paths.columns(records, context.strings),
        **network.columns(records),
        **_judged(records, context),
    }
    return schema.batch("activity", columns)


def _learn(records: Records, keys: NDArray[np.int64], context: Context) -> None:
    """Take in what forks and execs of the batch say of processes."""
    lives = np.flatnonzero(records["class"] == _PROCESS)
    if not len(lives):
        return
    operations = records["op"][lives]
    forks = lives[operations == _FORK]
    children = _child_keys(records[forks], context)
    context.processes.add(children, keys[forks], records["image"][forks])
    execs = lives[(operations == _EXEC) & (records["ret"][lives] == 0)]
    started = records[execs]
    strings = context.strings
    marks = (marks_json(w) for w in strings.words(started["exec.marks"]))
    context.images.add(
        started["image"],
        started["exec.argv_len"].astype(np.int64),
        {
            "exe": strings.get(started["exec.path"]),
            "cmdline": strings.command_lines(started["exec.argv"]),
            "cwd": strings.get(started["exec.cwd"]),
            "marks": list(marks),
        },
    )
    context.processes.set_images(keys[execs], started["image"])
    exits = keys[lives[operations == _EXIT]]
    if len(exits):
        context.ended.append(exits)


def _child_keys(forks: Records, context: Context) -> NDArray[np.int64]:
    start, pid = forks["fork.child_start"].astype(np.int64), forks["fork.child_pid"].astype(np.int32)
    return process_keys(context.boot_id, start, pid)


def marks_json(words: list[str] | None) -> str | None:
    """``NAME=VALUE`` words as a JSON object text."""
    if not words:
        return None
    return json.dumps(dict(w.partition("=")[::2] for w in words), ensure_ascii=False)


def _when(records: Records, context: Context) -> dict[str, pa.Array]:
    rows = len(records)
    boottime = records["time"].astype(np.int64)
    time_ns = boottime + context.clock_offset_ns
    return {
        "time": pa.array(time_ns // 1000).cast(schema.TIME),
        "time_ns": pa.array(time_ns),
        "boottime_ns": pa.array(boottime),
        "host": constant(context.host, rows),
        "boot_id": constant(context.boot_id, rows),
        "source": constant(context.source, rows),
        "cpu": pa.array(records["cpu"].astype(np.int32)),
        "seq": pa.array(records["seq"].astype(np.int64)),
    }


def _what(records: Records) -> dict[str, pa.Array]:
    ret = records["ret"]
    failed = (ret < 0) & (ret != -EINPROGRESS)
    outcome = np.where(records["enforced"] != 0, 2, failed).astype(np.int8)
    columns = {
        "class": _CLASS.take(records["class"]),
        "operation": _OPERATION.take(records["op"]),
        "outcome": _OUTCOME.take(outcome),
        "errno": pa.array(np.where(ret < 0, -ret, 0)),
        "intent": _INTENT.take(records["intent"] & 15),
    }
    ended = np.flatnonzero((records["class"] == _PROCESS) & (records["op"] == _EXIT))
    if len(ended):
        code = records["exit.code"][ended]
        by_signal = code & 0x7F != 0
        ends = {
            "exit_code": masked((code >> 8) & 0xFF, ~by_signal, schema.INT),
            "signal": masked(code & 0x7F, by_signal, schema.INT),
        }
        columns |= scattered(ended, ends, len(records))
    return columns


def _who(records: Records, keys: NDArray[np.int64], context: Context) -> dict[str, pa.Array]:
    rows = len(records)
    images = context.images
    process, image, number = Distinct(keys), Distinct(records["image"]), Distinct(records["run"])
    parents, known = context.processes.parents(process.values.astype(np.int64, copy=False))
    lengths, argv_known = images.argv_bytes(image.values)
    parent_exes = images.get(context.processes.images_of(parents), "exe")
    runs = [context.runs.get(i) for i in number.values.tolist()]
    columns = {
        "agent_run": number.column([r.id if r else None for r in runs]),
        "agent": number.column([r.agent if r else None for r in runs]),
        "initiator": constant("agent", rows),
        "initiator_evidence": constant("inherited tag", rows),
        "user": looked_up(records["uid"], lambda ids: [user_name(u) for u in ids.tolist()]),
        "uid": pa.array(records["uid"].astype(np.int64)),
        "process_key": pa.array(keys),
        "pid": pa.array(records["pid"].astype(np.int32)),
        "tid": pa.array(records["tid"].astype(np.int32)),
        "parent_key": masked(parents.take(process.codes), known.take(process.codes), schema.LONG),
        "parent_exe": process.column(parent_exes),
        "cmdline_bytes": masked(lengths.take(image.codes), (argv_known & (lengths > 0)).take(image.codes), schema.INT),
    }
    for name in ImageTable.COLUMNS:
        columns[name] = image.column(images.get(image.values, name))
    forks = np.flatnonzero((records["class"] == _PROCESS) & (records["op"] == _FORK))
    if len(forks):
        forked = records[forks]
        children = {
            "child_key": pa.array(_child_keys(forked, context)),
            "child_pid": pa.array(forked["fork.child_pid"].astype(np.int32)),
        }
        columns |= scattered(forks, children, rows)
    return columns


def _judged(records: Records, context: Context) -> dict[str, pa.Array]:
    """Verdicts that the kernel reached by itself, and what is wrong with a row."""
    from_proc = np.where(records["image"] >= FROM_PROC, np.uint16(_Q_FROM_PROC), np.uint16(0))
    quality = np.bitwise_or(records["quality"], from_proc)
    columns = {"quality": looked_up(quality, lambda ids: [schema.flag_text(schema.QUALITY, b) for b in ids.tolist()])}
    # Allow and audit are for the judge: it knows all that lifts a default, the kernel only what stops.
    decided = (records["verdict"] != VERDICT_NONE) & (records["verdict"] >= _ASK)
    if decided.any():
        columns["verdict"] = _VERDICT.take(np.where(decided, records["verdict"], VERDICT_NONE))
        code = records["scope"].astype(np.int64) << 16 | records["rule"].astype(np.int64) << 8 | records["op"]
        columns["rule"] = looked_up(
            np.where(decided, code, -1), lambda ids: [_rule_name(int(i), context) for i in ids.tolist()]
        )
    stopped = records["enforced"] != 0
    if stopped.any():
        columns["enforced_at"] = _ENFORCED.take(records["enforced"])
        columns["action"] = _ACTION.take(stopped * _inline_action(records))
    return columns


def _inline_action(records: Records) -> NDArray[np.int64]:
    """Place in ``_ACTION``: a call is refused, a process killed, or stopped for a person to decide."""
    verdict = records["verdict"]
    return np.select([verdict == _ASK, verdict == _FREEZE, records["class"] == _NETWORK], [3, 4, 2], 1)


def _rule_name(code: int, context: Context) -> str | None:
    if code < 0:
        return None
    scope, bit, operation = code >> 16, code >> 8 & 0xFF, code & 0xFF
    if bit == RULE_DEFAULT:
        return f"default:{_DEFAULT_SELECTOR.get(operation)}"
    if bit == RULE_ISOLATED:
        return "isolated"
    return context.rule_names(scope, bit)


@lru_cache(maxsize=4096)
def user_name(uid: int) -> str | None:
    """Name of a user id, ``None`` where the machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
