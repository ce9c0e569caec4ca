"""Records of event logs as rows of activity: each record's JSON read, and each event's fields as columns.

Sysmon names processes by a GUID of its own; the Security log has pids alone, which are looked up at their moment.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw.decode import Key
from collectors.etw.identity import process_keys
from collectors.etw.lastknown import LastKnown
from collectors.etw.ntpaths import NtPaths, registry_path
from collectors.replay import evtx_events
from collectors.replay.evtx_events import EVENTS, Mapped, number
from pipeline import schema

MOST_PIDS = 1 << 16
_SHA256 = re.compile(r"SHA256=([0-9A-Fa-f]{64})")
_INWARD = {"src_ip": "dst_ip", "src_port": "dst_port", "dst_ip": "src_ip", "dst_port": "src_port"}
_TYPES = {c.name: c.type for c in schema.ACTIVITY}
_PATHS = NtPaths()

Event = tuple[int, dict[str, Any]]
"""A record's place among those of its batch, and its fields."""


def read(text: str) -> tuple[Key, dict[str, Any]] | None:
    """Provider, id and version of a record, and its fields; ``None`` for a text that is no event."""
    try:
        event = json.loads(text)["Event"]
        system = event["System"]
        provider = _attributes(system["Provider"])
        id_ = system["EventID"]
        key = (
            str(provider.get("Name") or provider.get("EventSourceName") or ""),
            number(_text(id_)),
            number(_text(system.get("Version"))) or 0,
        )
        fields = {name: _text(value) for name, value in _data(event).items()}
        fields["HeaderTime"] = _attributes(system["TimeCreated"])["SystemTime"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if key[1] is None or _time_ns(fields["HeaderTime"]) is None:
        return None
    execution = _attributes(system.get("Execution"))
    fields |= {
        "HeaderProcess": execution.get("ProcessID"),
        "HeaderHost": _text(system.get("Computer")),
        "HeaderKeywords": _text(system.get("Keywords")),
    }
    return (key[0], key[1], key[2]), evtx_events.made(fields)


def _data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    data = event.get("EventData") or event.get("UserData") or {}
    return data if isinstance(data, dict) else {}


def _attributes(value: Any) -> Mapping[str, Any]:
    found = value.get("#attributes") if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> Any:
    """The value itself: with attributes it is an object that has it under ``#text``."""
    if isinstance(value, dict):
        return value.get("#text")
    return "\n".join(map(str, value)) if isinstance(value, list) else value


class Rows:
    """Makes batches of events; remembers which process has which pid for logs that name no other identity."""

    def __init__(self, boot_id: str) -> None:
        self._boot_id = boot_id
        self._by_pid = LastKnown(MOST_PIDS)
        self._keys: list[int] = []

    def batch(self, events: Mapping[Key, Sequence[Event]]) -> pa.RecordBatch | None:
        """The rows of all events in order of time; ``None`` without any."""
        tables = [t for key, found in events.items() if (t := _table(EVENTS[key[0], key[1]], found)) is not None]
        if not tables:
            return None
        table = pa.concat_tables(tables, promote_options="default")
        table = table.take(pa.array(np.lexsort((table["order"].to_numpy(), table["time_ns"].to_numpy()))))
        columns = {n: table[n].combine_chunks() for n in table.column_names if n not in ("order", "creator")}
        columns |= self._identities(table, columns)
        columns["time"] = pa.array(table["time_ns"].to_numpy() // 1000).cast(schema.TIME)
        columns["source"] = pa.repeat(pa.scalar("evtx"), table.num_rows)
        return schema.batch("activity", {n: _memory(n, c) for n, c in columns.items() if c.null_count < table.num_rows})

    def _identities(self, table: pa.Table, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Keys from pids for rows that have none: of a start its own, of others that of the last start of their pid."""
        given = columns.get("process_key", pa.nulls(table.num_rows, pa.int64()))
        pid = columns.get("pid")
        if pid is None or not given.null_count:
            return {}
        pids = pid.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        missing = given.is_null().to_numpy(zero_copy_only=False) & (pids >= 0)
        order = np.arange(table.num_rows)
        starts = missing & (columns["operation"].to_numpy(zero_copy_only=False) == "exec")
        keys = process_keys(self._boot_id, columns["time_ns"].to_numpy()[starts] // 100, pids[starts])
        numbers = len(self._keys) + np.arange(len(keys))
        self._keys += keys.tolist()
        told = pids[starts].view(np.uint64), order[starts], numbers
        known = self._by_pid.told(*told)
        creator = (
            table["creator"].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            if "creator" in table.column_names
            else np.full(table.num_rows, -1)
        )
        made = {
            "process_key": self._known(known.asked(pids.view(np.uint64), order), missing, given),
            "parent_key": self._known(known.asked(creator.view(np.uint64), order - 1), starts, columns.get("parent_key", pa.nulls(table.num_rows, pa.int64()))),
        }  # fmt: skip
        self._by_pid.remember(*told)
        return made

    def _known(self, number_: np.ndarray[Any, Any], where: np.ndarray[Any, Any], else_: pa.Array) -> pa.Array:
        found = where & (number_ >= 0)
        keys = np.array([*self._keys, 0], np.int64)[np.where(found, number_, -1)]
        return pc.if_else(pa.array(found), pa.array(keys), else_)


def _table(mapped: Mapped, events: Sequence[Event]) -> pa.Table | None:
    """The rows of one kind of event, a column per field; those that are no activity are left out."""
    operation = mapped.operation
    told = [(order, f, operation if isinstance(operation, str) else operation(f)) for order, f in events]
    told = [t for t in told if t[2] is not None]
    if not told:
        return None
    fields = [f for _, f, _ in told]
    operations = [str(op) for _, _, op in told]
    columns: dict[str, list[Any]] = {
        "order": [order for order, _, _ in told], "operation": operations,
        "class": [schema.OPERATION_BY_NAME[op].activity_class for op in operations],
        "outcome": [_outcome(mapped, f) for f in fields], "time_ns": [_time_ns(f["HeaderTime"]) for f in fields],
        "host": [f["HeaderHost"] for f in fields],
    }  # fmt: skip
    for column, name in mapped.columns.items():
        convert: Callable[[Any], Any] = _CONVERT.get(column, _plain)
        columns[column] = [convert(f.get(name)) for f in fields]
    if operations[0] == "exec":
        columns["errno"] = [0] * len(fields)
        columns["creator"] = [number(f.get("ProcessId")) if "NewProcessId" in f else None for f in fields]
    if "net.accept" in operations:
        _turn(columns, operations)
    return pa.table({n: pa.array(v, _TYPES.get(n, pa.int64())) for n, v in columns.items()})


def _turn(columns: dict[str, list[Any]], operations: Sequence[str]) -> None:
    """Of what came in the peer is the source, and the name is this machine's."""
    turned = {
        to: [columns[frm if op == "net.accept" else to][n] for n, op in enumerate(operations)]
        for to, frm in _INWARD.items()
    }
    columns |= turned
    if "dst_name" in columns:
        columns["dst_name"] = [
            None if op == "net.accept" else v for v, op in zip(columns["dst_name"], operations, strict=True)
        ]


def _outcome(mapped: Mapped, fields: Mapping[str, Any]) -> str:
    if evtx_events.failed(fields):
        return "denied"
    status = number(fields.get("QueryStatus"))
    return "failure" if status else mapped.outcome


def _plain(value: Any) -> str | None:
    return None if value in (None, "", "-") else str(value)


def _int32(value: Any) -> int | None:
    found = number(value)
    return None if found is None or found < 0 else (found & 0xFFFFFFFF) - (1 << 32 if found & 0x80000000 else 0)


def _pid(value: Any) -> int | None:
    found = number(value)
    return found if found is not None and 0 <= found < 1 << 31 else None


@lru_cache(maxsize=1 << 16)
def _guid_key(text: str) -> int:
    digest = blake2b(text.strip("{}").upper().encode(), digest_size=8, person=b"lictor.sysmon").digest()
    return int.from_bytes(digest, "little", signed=True)


def _guid(value: Any) -> int | None:
    text = str(value or "")
    return _guid_key(text) if text.strip("{}0-") else None


def _sha256(value: Any) -> str | None:
    found = _SHA256.search(str(value or ""))
    return found[1].lower() if found else None


@lru_cache(maxsize=1 << 14)
def _address(value: Any) -> str | None:
    try:
        found = ipaddress.ip_address(str(value))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _path(value: Any) -> str | None:
    text = _plain(value)
    return registry_path(_PATHS.one(text)) if text and text.startswith("\\") and not text.startswith("\\\\") else text


def _time_ns(value: Any) -> int | None:
    """``2019-03-19T17:22:24.7611630Z`` as ns since 1970; ``None`` for anything else."""
    found = _TIME.fullmatch(str(value))
    if found is None:
        return None
    try:
        seconds = np.datetime64(found[1], "s").astype(np.int64)
    except ValueError:
        return None
    return int(seconds) * 1_000_000_000 + int((found[2] or "").ljust(9, "0")[:9])


_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?")
_CONVERT: dict[str, Callable[[Any], Any]] = {
    "pid": _pid, "tid": _pid, "child_pid": _pid, "src_port": _pid, "dst_port": _pid, "exit_code": _int32, "process_key": _guid,
    "parent_key": _guid, "child_key": _guid, "exe_sha256": _sha256, "sha256": _sha256, "src_ip": _address, "dst_ip": _address,
    "path": _path, "exe": _path,
}  # fmt: skip


def _memory(name: str, column: pa.Array) -> pa.Array:
    return (
        column.dictionary_encode().cast(schema.DICTIONARY)
        if pa.types.is_string(_TYPES[name])
        else column.cast(_TYPES[name])
    )
