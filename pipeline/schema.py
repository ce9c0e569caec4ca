"""The activity schema: the one vocabulary that every part of Lictor speaks.

Collectors fill these columns, the policy language names these operations, the lake
stores these tables and every query reads them. The numpy records, the Arrow schemas
and the table in ``docs/schema.md`` are generated from here, so a fact is stated once.

Types are chosen to read alike in DuckDB, Delta Lake and Spark: signed integers only,
timestamps in microseconds with a time zone, no nanosecond timestamps, flag sets as
comma-separated text. In memory a string column is dictionary-encoded; in the lake it
is plain text (pyarrow writes a whole dictionary into every row group otherwise).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.columns import DICTIONARY, INT, LONG, TEXT, TIME, Column
from pipeline.columns import column as _c
from pipeline.operations import CLASSES, OPERATION_BY_CODE, OPERATION_BY_NAME, OPERATIONS, SELECTORS, Operation

SCHEMA_VERSION = 1

__all__ = [
    "CLASSES", "DICTIONARY", "INT", "LONG", "OPERATIONS", "OPERATION_BY_CODE", "OPERATION_BY_NAME", "SELECTORS", "TEXT", "TIME",
    "Column", "Operation",
]  # fmt: skip


INTENTS: tuple[str, ...] = ("read", "write", "create", "truncate")
"""What an open asked for, in the order of the bits of a kernel record's ``intent``."""

INTENT_SELECTORS = {"read": "file.read", "write": "file.write", "create": "file.write", "truncate": "file.write"}
"""A rule on ``file.read`` also matches an open for reading *and* writing, and so on."""

VERDICTS: tuple[str, ...] = ("allow", "audit", "ask", "deny", "freeze", "quarantine", "isolate", "kill")
"""What a policy can say, weakest first; the strongest of the matching rules wins."""

SEVERITIES: tuple[str, ...] = ("informational", "low", "medium", "high", "critical")
ENFORCED_AT: tuple[str, ...] = ("none", "kernel", "fanotify", "userspace")
ENFORCEMENT: tuple[str, ...] = ("confirmed", "failed", "unverified")

QUALITY: tuple[str, ...] = (
    "truncated",        # a string was cut; its true length stands beside it where it is known
    "unresolved",       # a string or path could not be resolved; the value is NULL or partial
    "from_proc",        # read from /proc after the fact, not from the kernel at the time
    "parent_unknown",   # the chain of parents is broken
    "late",             # older than rows that are already in the lake
    "claimed",          # a path as the program gave it, joined to a base that the kernel knows
    "inferred",         # attribution by time or open handles, not by inheritance
)  # fmt: skip
"""Flags of a row's ``quality``, in the order of the bits of a kernel record's ``quality``."""


ACTIVITY: tuple[Column, ...] = (
    _c("time", TIME, "when", "µs, UTC", "boot clock + offset", "when it happened"),
    _c("time_ns", LONG, "when", "ns since 1970", "boot clock + offset", "the exact order within a host"),
    _c("boottime_ns", LONG, "when", "ns since boot", "kernel", "the clock that no administrator can step"),
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("boot_id", TEXT, "when", "", "kernel", "identifies one boot of the host"),
    _c("source", TEXT, "when", "", "collector", "which collector saw it"),
    _c("cpu", INT, "when", "", "kernel", "processor; sequence numbers count per processor and class"),
    _c("seq", LONG, "when", "", "kernel", "sequence number within (boot_id, source, cpu, class); gaps are losses"),
    _c("class", TEXT, "what", "", "kernel", "activity class"),
    _c("operation", TEXT, "what", "", "kernel", "what was done"),
    _c("intent", TEXT, "what", "set", "kernel", "what an open asked for: read, write, create, truncate"),
    _c("outcome", TEXT, "what", "", "kernel", "success, failure or denied"),
    _c("errno", INT, "what", "errno", "kernel", "0, or the positive error number of the failed call"),
    _c("exit_code", INT, "what", "", "kernel", "exit: status given to exit(2)"),
    _c("signal", INT, "what", "signal", "kernel", "exit: the signal that ended the process"),
    _c("agent", TEXT, "who", "", "signature or command line", "which agent the run belongs to"),
    _c("agent_version", TEXT, "who", "", "agent", "its version where it says so"),
    _c("agent_run", TEXT, "who", "", "lictor", "the run; every process of it inherits it"),
    _c("initiator", TEXT, "who", "", "lictor", "agent, human or unknown"),
    _c("initiator_evidence", TEXT, "who", "", "lictor", "what the initiator is concluded from"),
    _c("user", TEXT, "who", "", "user database", "name of uid"),
    _c("uid", LONG, "who", "", "kernel", "effective user id"),
    _c("process_key", LONG, "who", "", "kernel or /proc", "identity of the process: boot id, start time and pid folded"),
    _c("pid", INT, "who", "", "kernel", "process id (thread group) in the first pid namespace"),
    _c("tid", INT, "who", "", "kernel", "thread id in the first pid namespace"),
    _c("parent_key", LONG, "who", "", "kernel or /proc", "process_key of the creator (fork: of the new process's creator)"),
    _c("child_key", LONG, "who", "", "kernel", "fork: process_key of the new process"),
    _c("child_pid", INT, "who", "", "kernel", "fork: pid of the new process"),
    _c("exe", TEXT, "who", "", "kernel", "the program file that runs"),
    _c("parent_exe", TEXT, "who", "", "kernel", "the program file of the parent process, where it is known"),
    _c("exe_sha256", TEXT, "who", "", "lictor", "exec: SHA-256 of the program file, where a policy asks for it"),
    _c("cmdline", TEXT, "who", "", "program memory at exec", "argv, joined by spaces, shell-quoted where needed"),
    _c("cmdline_bytes", INT, "who", "bytes", "kernel", "true length of argv, also where cmdline is truncated"),
    _c("cwd", TEXT, "who", "", "kernel", "working directory at exec"),
    _c("container", TEXT, "who", "", "cgroup", "container id"),
    _c("cgroup", TEXT, "who", "", "kernel", "cgroup v2 path"),
    _c("path", TEXT, "on what", "", "kernel", "file, program or unix socket acted on"),
    _c("path_to", TEXT, "on what", "", "kernel", "second path: new name of a rename, link or symlink"),
    _c("script", TEXT, "on what", "", "kernel", "exec: the script, when exe is its interpreter"),
    _c("dev", LONG, "on what", "", "kernel", "device of the file (kernel numbering)"),
    _c("ino", LONG, "on what", "", "kernel", "inode number"),
    _c("open_flags", INT, "on what", "O_*", "kernel", "flags of the open"),
    _c("mode", INT, "on what", "", "kernel", "file type and permission bits"),
    _c("bytes", LONG, "on what", "bytes", "kernel", "how much was moved"),
    _c("sha256", TEXT, "on what", "", "lictor", "content hash"),
    _c("labels", TEXT, "on what", "set", "policy", "sensitivity labels of the object"),
    _c("protocol", TEXT, "on what", "", "kernel", "tcp, udp, unix, …"),
    _c("src_ip", TEXT, "on what", "", "kernel", "local address"),
    _c("src_port", INT, "on what", "", "kernel", "local port"),
    _c("dst_ip", TEXT, "on what", "", "kernel", "peer address; IPv4 in IPv6 is shown as IPv4"),
    _c("dst_port", INT, "on what", "", "kernel", "peer port"),
    _c("dst_name", TEXT, "on what", "", "dns, sni, proxy", "name that the address was reached by"),
    _c("dst_name_from", TEXT, "on what", "", "lictor", "where dst_name comes from"),
    _c("content", TEXT, "on what", "", "collector", "what was written, answered or asked for: data of a registry value, text of a script, answer of a name server, rights"),
    _c("conversation", TEXT, "why", "", "marks, telemetry", "the agent's session"),
    _c("tool_call", TEXT, "why", "", "marks, telemetry", "the tool call that caused it"),
    _c("tool", TEXT, "why", "", "telemetry", "the tool's name"),
    _c("trace_id", TEXT, "why", "", "marks, telemetry", "W3C trace id"),
    _c("span_id", TEXT, "why", "", "marks, telemetry", "W3C span id"),
    _c("join_confidence", pa.float64(), "why", "0–1", "lictor", "how sure the join to telemetry is"),
    _c("marks", TEXT, "why", "JSON", "program memory at exec", "environment marks that agents set, as a JSON object"),
    _c("verdict", TEXT, "judged", "", "policy", "what the policy said; NULL where no policy was in force"),
    _c("rule", TEXT, "judged", "", "policy", "the rule that decided; default:<selector> where a default did"),
    _c("policy", TEXT, "judged", "", "policy", "name of the policy"),
    _c("policy_version", TEXT, "judged", "sha256", "policy", "hash of the policy text in force"),
    _c("severity", TEXT, "judged", "", "policy", "severity of the rule"),
    _c("action", TEXT, "judged", "", "enforcer", "what was done; NULL where nothing was (audit mode, allow)"),
    _c("enforced_at", TEXT, "judged", "", "enforcer", "kernel, fanotify, userspace or none"),
    _c("enforcement", TEXT, "judged", "", "enforcer", "what was seen afterwards: confirmed, failed, unverified"),
    _c("quality", TEXT, "how good", "set", "every step", "what is wrong with this row"),
)  # fmt: skip

RUNS: tuple[Column, ...] = (
    _c("run", TEXT, "who", "", "lictor", "the run's id: activity.agent_run"),
    _c("state", TEXT, "what", "", "lictor", "started or ended; the view shows the latest row of a run"),
    _c("time", TIME, "when", "µs, UTC", "lictor", "when the state was entered"),
    _c("started", TIME, "when", "µs, UTC", "lictor", "when the run began"),
    _c("ended", TIME, "when", "µs, UTC", "lictor", "when the run ended"),
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("boot_id", TEXT, "when", "", "kernel", "boot of the host"),
    _c("source", TEXT, "when", "", "lictor", "collector that observed it"),
    _c("agent", TEXT, "who", "", "signature or command line", "agent"),
    _c("command", TEXT, "who", "", "lictor", "command line of the root process"),
    _c("cwd", TEXT, "who", "", "lictor", "working directory"),
    _c("user", TEXT, "who", "", "user database", "who started it"),
    _c("root_key", LONG, "who", "", "lictor", "process_key of the root process"),
    _c("root_pid", INT, "who", "", "lictor", "pid of the root process"),
    _c("cgroup", TEXT, "who", "", "kernel", "cgroup v2 path of the run, where it has its own"),
    _c("policy", TEXT, "judged", "", "policy", "policy names, joined by +"),
    _c("policy_version", TEXT, "judged", "sha256", "policy", "hash of the policy texts"),
    _c("mode", TEXT, "judged", "", "policy", "enforce, audit, or none without a policy"),
    _c("exit_code", INT, "what", "", "kernel", "exit status of the root process; 128 + signal when a signal ended it"),
    _c("events", LONG, "what", "", "lictor", "rows recorded for the run"),
    _c("denied", LONG, "what", "", "lictor", "rows whose verdict is deny or stronger"),
    _c("lost", LONG, "how good", "", "lictor", "events lost on the host while the run went on"),
)  # fmt: skip

PROCESSES: tuple[Column, ...] = (
    _c("process_key", LONG, "who", "", "kernel", "identity of the process"),
    _c("time", TIME, "when", "µs, UTC", "kernel", "when this program started; a process has one row per program it ran"),
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("boot_id", TEXT, "when", "", "kernel", "boot of the host"),
    _c("agent_run", TEXT, "who", "", "lictor", "the run it belongs to"),
    _c("pid", INT, "who", "", "kernel", "process id"),
    _c("parent_key", LONG, "who", "", "kernel", "process_key of the creator"),
    _c("exe", TEXT, "who", "", "kernel", "program file"),
    _c("cmdline", TEXT, "who", "", "program memory at exec", "argv"),
    _c("cwd", TEXT, "who", "", "kernel", "working directory"),
    _c("script", TEXT, "who", "", "kernel", "script, when exe is its interpreter"),
    _c("marks", TEXT, "why", "JSON", "program memory at exec", "environment marks"),
    _c("uid", LONG, "who", "", "kernel", "effective user id"),
)  # fmt: skip

FINDINGS: tuple[Column, ...] = (
    _c("id", TEXT, "what", "", "lictor", "finding id"),
    _c("time", TIME, "when", "µs, UTC", "lictor", "when it was found"),
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("agent_run", TEXT, "who", "", "lictor", "the run"),
    _c("rule", TEXT, "judged", "", "policy or hunt", "what found it"),
    _c("policy", TEXT, "judged", "", "policy", "policy of the rule"),
    _c("severity", TEXT, "judged", "", "policy or hunt", "severity"),
    _c("title", TEXT, "what", "", "policy or hunt", "one line for a person"),
    _c("attack", TEXT, "what", "set", "policy or hunt", "ATT&CK, ATLAS and OWASP ids"),
    _c("evidence", TEXT, "what", "JSON", "lictor", "rows that prove it: boot_id, source, cpu, class, seq"),
)  # fmt: skip

ACTIONS: tuple[Column, ...] = (
    _c("id", TEXT, "what", "", "lictor", "action id; the intent row and the result row share it"),
    _c("time", TIME, "when", "µs, UTC", "lictor", "when the row was written"),
    _c("phase", TEXT, "what", "", "lictor", "intent or result"),
    _c("action", TEXT, "what", "", "policy", "warn, ask, deny, freeze, quarantine, isolate, kill; release, join, restore, purge; webhook, command; pause, resume"),
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("boot_id", TEXT, "when", "", "kernel", "boot of the host"),
    _c("agent_run", TEXT, "who", "", "lictor", "the run acted on"),
    _c("process_key", LONG, "who", "", "kernel", "the process acted on"),
    _c("pid", INT, "who", "", "kernel", "its pid"),
    _c("object", TEXT, "on what", "", "kernel", "path or address that caused it"),
    _c("rule", TEXT, "judged", "", "policy", "rule that asked for it"),
    _c("policy", TEXT, "judged", "", "policy", "policy of the rule"),
    _c("enforced_at", TEXT, "judged", "", "enforcer", "kernel, fanotify or userspace"),
    _c("enforcement", TEXT, "judged", "", "enforcer", "result rows: confirmed, failed or unverified"),
    _c("evidence", TEXT, "how good", "", "enforcer", "what was read back, in words"),
    _c("actor", TEXT, "who", "", "lictor", "policy, or the person who asked"),
)  # fmt: skip

COVERAGE: tuple[Column, ...] = (
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("boot_id", TEXT, "when", "", "kernel", "boot of the host"),
    _c("source", TEXT, "when", "", "collector", "collector"),
    _c("cpu", INT, "when", "", "kernel", "processor; NULL where the source has one counter only"),
    _c("class", TEXT, "what", "", "kernel", "activity class"),
    _c("reason", TEXT, "what", "", "kernel", "why events were lost: ring_full, …; none when nothing was; polled, places_only, reads_unseen: what a source never sees"),
    _c("since", TIME, "when", "µs, UTC", "collector", "begin of the interval"),
    _c("until", TIME, "when", "µs, UTC", "collector", "end of the interval"),
    _c("first_seq", LONG, "when", "", "kernel", "first sequence number given out in the interval"),
    _c("last_seq", LONG, "when", "", "kernel", "last one; last_seq - first_seq + 1 = emitted"),
    _c("emitted", LONG, "what", "events", "kernel", "sequence numbers given out"),
    _c("delivered", LONG, "what", "events", "collector", "events that became rows"),
    _c("lost", LONG, "what", "events", "kernel", "events lost for this reason; NULL where nobody can tell how many"),
)  # fmt: skip

POLICIES: tuple[Column, ...] = (
    _c("version", TEXT, "judged", "sha256", "policy", "hash of the policy text in force: activity.policy_version"),
    _c("policy", TEXT, "judged", "", "policy", "name of the policy; NULL where it could not be read"),
    _c("time", TIME, "when", "µs, UTC", "lictor", "since when"),
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("state", TEXT, "what", "", "lictor", "in_force, or refused: the version before stayed"),
    _c("file", TEXT, "what", "", "command line", "the file; one row for each file of a policy with includes"),
    _c("text", TEXT, "what", "", "policy", "what stood in it"),
    _c("reason", TEXT, "what", "", "lictor", "refused: why"),
)  # fmt: skip

REQUESTS: tuple[Column, ...] = (
    _c("id", TEXT, "what", "", "lictor", "the question: id of the action that froze the run; its rows share it"),
    _c("time", TIME, "when", "µs, UTC", "lictor", "when the state was entered"),
    _c("state", TEXT, "what", "", "lictor", "waiting; released, denied or killed; gone: the run ended meanwhile; the view shows the latest row of a question"),
    _c("host", TEXT, "when", "", "machine", "host name"),
    _c("boot_id", TEXT, "when", "", "kernel", "boot of the host"),
    _c("agent_run", TEXT, "who", "", "lictor", "the run that is held"),
    _c("agent", TEXT, "who", "", "signature or command line", "agent"),
    _c("user", TEXT, "who", "", "user database", "who runs the agent"),
    _c("uid", LONG, "who", "", "kernel", "its number: this user decides nothing here"),
    _c("process_key", LONG, "who", "", "kernel", "the process that asks"),
    _c("pid", INT, "who", "", "kernel", "its pid"),
    _c("exe", TEXT, "who", "", "/proc", "its program"),
    _c("cmdline", TEXT, "who", "", "/proc", "its command line"),
    _c("operation", TEXT, "on what", "", "kernel", "what it asks for; NULL where a person froze the run"),
    _c("object", TEXT, "on what", "", "kernel", "path or address"),
    _c("rule", TEXT, "judged", "", "policy", "the rule that asks"),
    _c("policy", TEXT, "judged", "", "policy", "policy of the rule"),
    _c("because", TEXT, "judged", "", "policy", "why the rule asks"),
    _c("instead", TEXT, "judged", "", "policy", "what to do instead"),
    _c("change", TEXT, "judged", "", "lictor", "the smallest change of the policy that would let it pass"),
    _c("until", TIME, "when", "µs, UTC", "policy", "when the time is up"),
    _c("then", TEXT, "judged", "", "policy", "what happens then: release, deny or kill"),
    _c("decided_by", TEXT, "who", "", "kernel", "name of the user who decided; lictor where the time was up"),
    _c("decided_uid", LONG, "who", "", "kernel", "number of that user"),
    _c("decided_login", TEXT, "who", "", "kernel", "who had logged in, where that is another user (sudo)"),
    _c("decided_account", TEXT, "who", "", "dashboard", "whose click it was, where that user is the dashboard"),
    _c("why", TEXT, "judged", "", "the person", "what they said"),
)  # fmt: skip

CONSOLE: tuple[Column, ...] = (
    _c("id", TEXT, "what", "", "dashboard", "names the row"),
    _c("time", TIME, "when", "µs, UTC", "dashboard", "when the row was written"),
    _c("host", TEXT, "when", "", "machine", "host name of the dashboard"),
    _c("account", TEXT, "who", "", "dashboard", "who did it; of a refused sign-in the name that was given"),
    _c("role", TEXT, "who", "", "dashboard", "viewer, analyst, responder or admin; what the account was then"),
    _c("account_source", TEXT, "who", "", "dashboard", "local, link or oidc"),
    _c("client", TEXT, "who", "", "connection", "address that the request came from"),
    _c("act", TEXT, "what", "", "dashboard", "sign_in, sign_out, view, search, export, reveal; triage, save_search, drop_search; order, restore, purge, policy"),
    _c("phase", TEXT, "what", "", "dashboard", "of what changes something: intent before it, result after it"),
    _c("outcome", TEXT, "what", "", "dashboard", "success, failure or denied"),
    _c("page", TEXT, "on what", "", "dashboard", "the page"),
    _c("object", TEXT, "on what", "", "dashboard", "what was looked at or acted on: a finding, a question to the lake, a file, a run, a saved search"),
    _c("agent_run", TEXT, "on what", "", "dashboard", "the run"),
    _c("status", TEXT, "what", "", "the person", "triage: the new status of the finding"),
    _c("note", TEXT, "what", "", "the person", "what they said"),
    _c("detail", TEXT, "what", "JSON", "dashboard", "filters, number of rows, result"),
)  # fmt: skip

ACTIVITY_HOURS: tuple[Column, ...] = (
    _c("hour", TIME, "when", "µs, UTC", "lake", "begin of the hour"),
    *(c for c in ACTIVITY if c.name in {"host", "class", "operation", "outcome", "agent", "agent_run", "user", "labels", "verdict", "rule", "policy", "severity"}),
    _c("events", LONG, "what", "events", "lake", "rows of activity that are so"),
    _c("first_time", TIME, "when", "µs, UTC", "lake", "time of the first of them"),
    _c("last_time", TIME, "when", "µs, UTC", "lake", "time of the last of them"),
)  # fmt: skip
"""What the lake counts when it seals rows of ``activity``: derived, so that a chart over a year reads no events."""

DERIVED = frozenset({"activity_hours"})
"""Tables that nobody writes: the lake makes their rows from those of others."""

TABLES: dict[str, tuple[Column, ...]] = {
    "activity": ACTIVITY, "runs": RUNS, "processes": PROCESSES,
    "findings": FINDINGS, "actions": ACTIONS, "coverage": COVERAGE, "policies": POLICIES,
    "requests": REQUESTS, "console": CONSOLE, "activity_hours": ACTIVITY_HOURS,
}  # fmt: skip


def lake_schema(table: str) -> pa.Schema:
    """Arrow schema of a table as the lake stores it: strings plain, every column nullable."""
    return pa.schema([pa.field(c.name, c.type) for c in TABLES[table]])


def memory_type(column: Column) -> pa.DataType:
    """Type of a column inside the pipeline: strings are dictionary-encoded with int32 indices."""
    return DICTIONARY if pa.types.is_string(column.type) else column.type


def memory_schema(table: str) -> pa.Schema:
    """Arrow schema of a table inside the pipeline."""
    return pa.schema([pa.field(c.name, memory_type(c)) for c in TABLES[table]])


_MEMORY = {name: {c.name: memory_type(c) for c in columns} for name, columns in TABLES.items()}


def batch(table: str, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """A sparse batch: only the columns given, in schema order; an absent column is NULL in every row.

    Raises ``KeyError`` for a column that the table does not have and ``TypeError`` for a wrong type.
    """
    types = _MEMORY[table]
    for name, array in columns.items():
        if array.type != types[name] and array.type != lake_type(table, name):
            raise TypeError(f"{table}.{name}: {array.type}, want {types[name]}")
    names = [n for n in types if n in columns]
    return pa.RecordBatch.from_arrays([columns[n] for n in names], names=names)


def lake_type(table: str, name: str) -> pa.DataType:
    """Lake type of one column."""
    return next(c.type for c in TABLES[table] if c.name == name)


def conform(part: pa.RecordBatch | pa.Table, table: str) -> pa.Table:
    """The same rows with every column of the table, in order, in lake types; absent columns become NULL."""
    present = set(part.schema.names)
    arrays = [
        part.column(f.name).cast(f.type) if f.name in present else pa.nulls(part.num_rows, f.type)
        for f in lake_schema(table)
    ]
    return pa.Table.from_arrays(arrays, schema=lake_schema(table))


def flag_text(names: tuple[str, ...], bits: int) -> str | None:
    """Comma-separated flag names of a bit set, in bit order; ``None`` for the empty set."""
    return ",".join(n for i, n in enumerate(names) if bits >> i & 1) or None


def stronger(verdicts: Iterable[str]) -> str:
    """The strongest verdict; raises ``ValueError`` for an unknown one or none at all."""
    return max(verdicts, key=VERDICTS.index)
