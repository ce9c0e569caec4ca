"""Rows from records made by hand: what each operation's record means, column by column."""

from __future__ import annotations

import itertools
import json
import os
import pwd
import signal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.identity import process_keys
from collectors.interface import Run
from collectors.kernel import records
from collectors.kernel.decode import FROM_PROC, Context, decode, marks_json, time_order, user_name, view
from pipeline import schema

BOOT = "2d088848-4352-4a84-ad11-eb5cb4b8afc6"
OFFSET = 1_700_000_000_000_000_000
TEXTS = {
    1: b"/usr/bin/git", 2: b"git\0log\0a b\0", 3: b"/srv", 4: b"/srv/script.sh", 5: b"CODEX_THREAD_ID=t=1\0AGENT=1\0",
    6: b"/etc/passwd", 7: b"/srv//./new/../x", 8: b"/run/socket", 9: b"/tmp/\xff",
}  # fmt: skip


@pytest.fixture
def context(chunks):
    return made_context(chunks)


def made_context(chunks):
    context = Context("box", BOOT, OFFSET, "ebpf")
    for number, text in TEXTS.items():
        context.strings.add(chunks(number, text))
    context.runs[1] = Run("r-1", "codex")
    context.rule_names = lambda scope, bit: f"rule-{scope}-{bit}"
    return context


def key(start, pid):
    return int(process_keys(BOOT, np.array([start]), np.array([pid], np.int32))[0])


def rows_of(context, *raw):
    batch = decode(np.concatenate(raw), context)
    return schema.conform(batch, "activity").to_pylist()


def row_of(context, raw):
    (row,) = rows_of(context, raw)
    return row


def test_when_and_who_of_any_row(event, context):
    raw = event(
        "file.open", time=5_123_456_789, seq=42, pid=7, tid=8, start=3_000_000_000, run=1, uid=os.getuid(), cpu=3
    )
    row = row_of(context, raw)
    assert row["time_ns"] == OFFSET + 5_123_456_789
    assert row["time"].timestamp() == pytest.approx((OFFSET + 5_123_456_789) / 1e9, abs=1e-6)
    assert row["boottime_ns"] == 5_123_456_789
    assert (row["host"], row["boot_id"], row["source"]) == ("box", BOOT, "ebpf")
    assert (row["cpu"], row["seq"], row["pid"], row["tid"]) == (3, 42, 7, 8)
    assert row["process_key"] == key(3_000_000_000, 7)
    assert (row["agent_run"], row["agent"]) == ("r-1", "codex")
    assert (row["initiator"], row["initiator_evidence"]) == ("agent", "inherited tag")
    assert (row["uid"], row["user"]) == (os.getuid(), pwd.getpwuid(os.getuid()).pw_name)
    assert (row["outcome"], row["errno"], row["quality"]) == ("success", 0, None)
    assert row["parent_key"] is row["parent_exe"] is row["verdict"] is row["action"] is row["exe"] is None


def test_exec_tells_the_program_and_every_later_row_of_it_too(event, context):
    exec_ = event(
        "exec", time=1, pid=7, start=10_000_000, image=5, exec__path=1, exec__argv=2, exec__argv_len=12, exec__cwd=3,
        exec__marks=5, exec__ino=99, exec__dev=8 << 20 | 1, exec__mode=0o100755,
    )  # fmt: skip
    later = event("file.read", time=2, pid=7, start=10_000_000, image=5, file__path=6, intent=1)
    first, second = rows_of(context, exec_, later)
    assert (first["class"], first["operation"], first["path"]) == ("process", "exec", "/usr/bin/git")
    assert (first["ino"], first["dev"], first["mode"]) == (99, 8 << 20 | 1, 0o100755)
    assert first["script"] is first["open_flags"] is None
    for row in (first, second):
        assert row["exe"] == "/usr/bin/git"
        assert row["cmdline"] == "git log 'a b'"
        assert (row["cmdline_bytes"], row["cwd"]) == (12, "/srv")
        assert json.loads(row["marks"]) == {"CODEX_THREAD_ID": "t=1", "AGENT": "1"}
    assert second["path"] == "/etc/passwd"


def test_exec_of_a_script_acts_on_the_script(event, context):
    row = row_of(context, event("exec", image=6, exec__path=1, exec__script=4))
    assert (row["path"], row["script"], row["exe"]) == ("/srv/script.sh", "/srv/script.sh", "/usr/bin/git")


def test_a_failed_exec_starts_no_program(event, context):
    raw = event("exec", image=5, ret=-2, exec__path=6)
    row = row_of(context, raw)
    assert (row["path"], row["outcome"], row["errno"], row["exe"]) == ("/etc/passwd", "failure", 2, None)


def test_fork_names_the_child_and_its_creator_is_known_from_then(event, context):
    fork = event("fork", time=1, pid=7, start=10_000_000, image=5, fork__child_pid=9, fork__child_start=20_000_000)
    child = event("file.open", time=2, pid=9, start=20_000_000)
    first, second = rows_of(context, fork, child)
    assert (first["child_key"], first["child_pid"]) == (key(20_000_000, 9), 9)
    assert first["path"] is None
    assert second["parent_key"] == first["process_key"] == key(10_000_000, 7)
    assert second["child_key"] is second["child_pid"] is None


def test_the_program_of_the_parent_is_told_where_it_is_known(event, context):
    git = {"pid": 7, "start": 10_000_000, "image": 5}
    child = {"pid": 9, "start": 20_000_000}
    rows = rows_of(
        context,
        event("fork", time=1, pid=1, start=0, fork__child_pid=7, fork__child_start=10_000_000),
        event("exec", time=2, exec__path=1, **git),
        event("fork", time=3, fork__child_pid=9, fork__child_start=20_000_000, **git),
        event("file.read", time=4, image=5, **child),
        event("exec", time=5, image=6, exec__path=4, **child),
        event("file.read", time=6, image=6, **child),
    )
    assert [r["parent_exe"] for r in rows] == [None, None, None, "/usr/bin/git", "/usr/bin/git", "/usr/bin/git"]
    assert [r["exe"] for r in rows[3:]] == ["/usr/bin/git", "/srv/script.sh", "/srv/script.sh"]
    context.forget_ended()
    assert row_of(context, event("exit", time=7, image=6, **child))["parent_exe"] == "/usr/bin/git"


@pytest.mark.parametrize(
    ("status", "code", "number"),
    [
        (0, 0, None),
        (3 << 8, 3, None),
        (255 << 8, 255, None),
        (signal.SIGKILL, None, 9),
        (signal.SIGSEGV | 0x80, None, 11),
    ],
)
def test_exit_gives_a_code_or_a_signal(event, context, status, code, number):
    row = row_of(context, event("exit", exit__code=status))
    assert (row["operation"], row["exit_code"], row["signal"], row["errno"]) == ("exit", code, number, 0)


def test_exit_status_is_read_as_wait_reads_it(event, context):
    pid = os.spawnlp(os.P_NOWAIT, "sh", "sh", "-c", "exit 7")
    row = row_of(context, event("exit", exit__code=os.waitpid(pid, 0)[1]))
    assert row["exit_code"] == 7


@pytest.mark.parametrize("name", [o.name for o in schema.OPERATIONS if o.activity_class == "file"])
def test_file_operations(event, context, name):
    raw = event(
        name, file__path=6, file__path_to=7, file__ino=5, file__dev=6, file__mode=0o644, file__open_flags=0o1101
    )
    row = row_of(context, raw)
    assert (row["class"], row["operation"], row["path"]) == ("file", name, "/etc/passwd")
    assert (row["ino"], row["dev"], row["mode"]) == (5, 6, 0o644)
    assert row["path_to"] == ("/srv/x" if name in ("file.rename", "file.link", "file.symlink") else None)
    opened = name in ("file.open", "file.read", "file.write", "file.create")
    assert row["open_flags"] == (0o1101 if opened else None)


@pytest.mark.parametrize("name", [o.name for o in schema.OPERATIONS if o.activity_class == "network"])
def test_network_operations(event, context, name):
    mapped = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7])
    raw = event(name, net__family=2, net__protocol=6, net__dst=mapped, net__dst_port=443, net__src_port=1024)
    row = row_of(context, raw)
    assert (row["class"], row["operation"], row["protocol"]) == ("network", name, "tcp")
    assert (row["dst_ip"], row["dst_port"], row["src_ip"], row["src_port"]) == ("192.0.2.7", 443, None, 1024)
    assert row["path"] is None


def test_a_unix_socket_has_a_path(event, context):
    row = row_of(context, event("net.connect", net__family=1, net__path=8))
    assert (row["path"], row["protocol"], row["dst_ip"]) == ("/run/socket", "unix", None)


def test_other_classes_name_no_object(event, context):
    row = row_of(context, event("kernel.io_uring", file__path=6))
    assert (row["class"], row["operation"], row["path"]) == ("kernel", "kernel.io_uring", None)


@pytest.mark.parametrize(
    ("ret", "outcome", "errno"), [(0, "success", 0), (5, "success", 0), (-2, "failure", 2), (-115, "success", 115)]
)
def test_outcome_of_a_call(event, context, ret, outcome, errno):
    row = row_of(context, event("net.connect", ret=ret))
    assert (row["outcome"], row["errno"]) == (outcome, errno)


@given(st.integers(0, 15))
def test_intent_is_a_set(event, chunks, bits):
    row = row_of(made_context(chunks), event("file.write", intent=bits))
    names = [n for i, n in enumerate(("read", "write", "create", "truncate")) if bits & 1 << i]
    assert row["intent"] == (",".join(names) or None)


@given(st.integers(0, 127))
def test_quality_is_a_set(event, chunks, bits):
    row = row_of(made_context(chunks), event("file.write", quality=bits))
    assert row["quality"] == (",".join(n for i, n in enumerate(schema.QUALITY) if bits & 1 << i) or None)


def test_a_program_read_from_proc_is_said_to_be(event, context):
    first, second = rows_of(
        context, event("file.open", time=1, image=FROM_PROC + 1), event("file.open", time=2, image=1)
    )
    assert (first["quality"], second["quality"]) == ("from_proc", None)


def test_verdicts_of_the_kernel(event, context):
    deny, kill = schema.VERDICTS.index("deny"), schema.VERDICTS.index("kill")
    rows = rows_of(
        context,
        event("file.read", time=1, verdict=deny, rule=4, scope=2, enforced=1),
        event("net.connect", time=2, verdict=deny, rule=records.RULE_DEFAULT, scope=2, enforced=1, ret=-1),
        event("exec", time=3, verdict=kill, rule=0, scope=1, enforced=0),
        event("file.write", time=4),
    )
    assert [r["verdict"] for r in rows] == ["deny", "deny", "kill", None]
    assert [r["rule"] for r in rows] == ["rule-2-4", "default:network", "rule-1-0", None]
    assert [r["enforced_at"] for r in rows] == ["kernel", "kernel", None, None]
    assert [r["action"] for r in rows] == ["kill", "deny", None, None]
    assert [r["outcome"] for r in rows] == ["denied", "denied", "success", "success"]


def test_what_is_held_names_the_hold(event, context):
    ask, freeze = schema.VERDICTS.index("ask"), schema.VERDICTS.index("freeze")
    rows = rows_of(
        context,
        event("file.read", time=1, verdict=ask, rule=4, scope=2, enforced=1),
        event("exec", time=2, verdict=freeze, rule=5, scope=2, enforced=1),
        event("net.connect", time=3, verdict=freeze, rule=6, scope=2, enforced=1, ret=-1),
        event("file.write", time=4, verdict=ask, rule=records.RULE_DEFAULT, scope=2, enforced=0),
    )
    assert [r["verdict"] for r in rows] == ["ask", "freeze", "freeze", "ask"]
    assert [r["action"] for r in rows] == ["ask", "freeze", "freeze", None]
    assert [r["enforced_at"] for r in rows] == ["kernel", "kernel", "kernel", None]
    assert [r["outcome"] for r in rows] == ["denied", "denied", "denied", "success"]
    assert rows[3]["rule"] == "default:file.write"


@pytest.mark.parametrize("verdict", ["allow", "audit"])
def test_what_stops_nothing_is_left_to_the_judge(event, context, verdict):
    row = row_of(context, event("file.read", verdict=schema.VERDICTS.index(verdict), rule=4, scope=2))
    assert row["verdict"] is row["rule"] is None


def test_an_isolated_run_is_refused_by_no_rule(event, context):
    isolate = schema.VERDICTS.index("isolate")
    row = row_of(
        context, event("net.connect", verdict=isolate, rule=records.RULE_ISOLATED, scope=0, enforced=1, ret=-1)
    )
    said = [row[c] for c in ("verdict", "rule", "action", "enforced_at", "outcome", "errno")]
    assert said == ["isolate", "isolated", "deny", "kernel", "denied", 1]


def test_unknown_runs_programs_users_and_strings_are_null(event, context):
    row = row_of(context, event("file.read", run=9, image=8, uid=4_000_000_000, file__path=77))
    assert row["agent_run"] is row["agent"] is row["exe"] is row["user"] is row["path"] is None
    assert row["uid"] == 4_000_000_000


def test_a_path_that_is_no_utf8_is_escaped(event, context):
    assert row_of(context, event("file.read", file__path=9))["path"] == "/tmp/\\xff"


def test_rows_come_out_in_order_of_time(event, context):
    rows = rows_of(context, *(event("file.open", time=t, seq=s) for s, t in enumerate([5, 3, 9, 3])))
    assert [(r["boottime_ns"], r["seq"]) for r in rows] == [(3, 1), (3, 3), (5, 0), (9, 2)]


def test_rows_in_order_are_left_as_they_are(event):
    raw = np.concatenate([event("file.open", time=t) for t in (1, 2, 2)])
    assert time_order(raw) is None
    assert time_order(raw[::-1].copy()).tolist() == [2, 0, 1]


def test_text_columns_are_dictionaries(event, context):
    batch = decode(event("file.read", file__path=6), context)
    for field in batch.schema:
        assert field.type == schema.memory_type(next(c for c in schema.ACTIVITY if c.name == field.name))


def test_ended_processes_are_forgotten_when_told_and_not_before(event, context):
    fork = event("fork", time=1, pid=7, start=10_000_000, fork__child_pid=9, fork__child_start=20_000_000)
    exit_ = event("exit", time=2, pid=9, start=20_000_000)
    late = event("file.open", time=3, pid=9, start=20_000_000)
    rows_of(context, fork, exit_)
    assert row_of(context, late)["parent_key"] == key(10_000_000, 7)
    context.forget_ended()
    assert row_of(context, late)["parent_key"] is None
    assert len(context.processes) == 0


# ---------------------------------------------------------------- properties

numbers = st.integers(0, 6)
member = st.fixed_dictionaries(
    {
        "operation": st.sampled_from([o.name for o in schema.OPERATIONS]),
        "pid": numbers, "start": numbers.map(lambda n: n * 10_000_000), "run": numbers, "image": numbers,
        "file__path": st.integers(0, 10), "file__path_to": st.integers(0, 10),
        "ret": st.sampled_from([0, 0, 0, -2]), "verdict": st.sampled_from([255, 2, 3, 4]), "scope": numbers,
    }
)  # fmt: skip


@given(st.lists(member, max_size=12), st.lists(st.integers(0, 12), max_size=4))
@settings(deadline=None, max_examples=80)
def test_any_batching_gives_the_same_rows(event, chunks, members, cuts):
    raw = [event(**m, time=i + 1, seq=i) for i, m in enumerate(members)]
    whole = rows_of(made_context(chunks), *raw) if raw else []
    context, bounds, parts = made_context(chunks), [0, *sorted(min(c, len(raw)) for c in cuts), len(raw)], []
    for begin, end in itertools.pairwise(bounds):
        if begin < end:
            parts += rows_of(context, *raw[begin:end])
    for row in whole:  # facts of a program that is started again within a batch are those of its last start
        row.pop("cmdline_bytes")
    for row in parts:
        row.pop("cmdline_bytes")
    assert [_without_program(r) for r in parts] == [_without_program(r) for r in whole]


def _without_program(row):
    """Numbers of programs and processes are unique on a machine, not in these records: what hangs on them is left out."""
    return {k: v for k, v in row.items() if k not in {"exe", "cmdline", "cwd", "marks", "parent_key", "parent_exe"}}


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([1, 2, 4, 6])), min_size=1, max_size=8), st.integers(1, 7))
@settings(deadline=None, max_examples=60)
def test_programs_and_parents_do_not_depend_on_batching_either(event, chunks, execs, cut):
    """As on a machine: every exec has a new number, every process one creator."""
    raw = []
    for i, (pid, path) in enumerate(execs):
        child = 100 + i
        raw.append(event("fork", time=10 * i, pid=pid, fork__child_pid=child, fork__child_start=0))
        raw.append(
            event("exec", time=10 * i + 1, pid=child, image=i + 1, exec__path=path, exec__argv=2, exec__argv_len=12)
        )
        raw.append(event("file.read", time=10 * i + 2, pid=child, image=i + 1, file__path=6))
    whole, context = rows_of(made_context(chunks), *raw), made_context(chunks)
    parts = [row for at in range(0, len(raw), cut) for row in rows_of(context, *raw[at : at + cut])]
    assert parts == whole
    assert [r["exe"] for r in whole[2::3]] == [TEXTS[path].decode() for _, path in execs]


@given(st.binary(min_size=records.STRIDE, max_size=6 * records.STRIDE))
@settings(deadline=None, max_examples=150)
def test_no_record_whatever_its_bytes_breaks_the_decoder(chunks, raw):
    usable = len(raw) // records.STRIDE * records.STRIDE
    array = np.frombuffer(raw[:usable], np.uint8).reshape(-1, records.STRIDE)
    batch = decode(array, made_context(chunks))
    assert batch.num_rows == len(array)
    batch.validate(full=True)
    schema.conform(batch, "activity")


def test_every_class_and_operation_byte_is_decoded(event, context):
    raw = np.repeat(event("file.read"), 256 * 16, axis=0)
    record = view(raw)
    record["class"], record["op"] = np.repeat(np.arange(16), 256), np.tile(np.arange(256), 16)
    record["enforced"], record["verdict"] = record["op"], record["op"]
    batch = decode(raw, context)
    assert batch.num_rows == 256 * 16
    known = [schema.OPERATION_BY_CODE[c].name if c in schema.OPERATION_BY_CODE else None for c in range(256)]
    assert batch.column("operation").to_pylist() == known * 16


def test_empty_input_gives_an_empty_batch(context):
    batch = decode(np.zeros((0, records.STRIDE), np.uint8), context)
    assert isinstance(batch, pa.RecordBatch)
    assert batch.num_rows == 0


def test_marks_are_a_json_object():
    assert marks_json(None) is marks_json([]) is None
    assert json.loads(marks_json(["A=1", "B=x=y", "C=é"])) == {"A": "1", "B": "x=y", "C": "é"}


def test_user_names_come_from_the_machine():
    assert user_name(0) == pwd.getpwuid(0).pw_name
    assert user_name(4_123_456_789) is None
