"""A standing lake answers as ``Lake`` does, sees what is new at the next question, and outlives its workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.errors import LakeError, QueryError
from pipeline.lake.reader import Lake
from pipeline.lake.standing import StandingLake
from pipeline.lake.writer import LakeWriter
from queries.catalog import views

START = datetime(2026, 3, 1, tzinfo=UTC)
SLOW = "SELECT count(*) AS n FROM range(100000000) a, range(100000) b WHERE a.range + b.range < 0"


def rows(count, start=START, run="r1"):
    listed = [
        {"time": start + timedelta(seconds=i), "time_ns": i, "host": "h1", "agent_run": run, "operation": "exec"}
        for i in range(count)
    ]
    return pa.Table.from_pylist(listed, schema=schema.lake_schema("activity"))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "lake"
    with LakeWriter(folder, "h1") as writer:
        writer.append("activity", rows(100))
    return folder


@pytest.fixture
def lake(root):
    found = StandingLake(root, views=views(), workers=1)
    yield found
    found.close()


def count(lake, table="activity", **more):
    return lake.query(f"SELECT count(*) AS n FROM {table}", **more)["n"][0].as_py()


@pytest.fixture(autouse=True)
def _others():
    """Workers of lakes that other tests of this process keep are none of ours."""
    OTHERS[:] = []
    OTHERS[:] = worker_pids()


OTHERS: list[int] = []


def worker_pids():
    own = os.getpid()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                status = Path(f"/proc/{entry}/stat").read_text("utf-8").rpartition(")")[2].split()
                line = Path(f"/proc/{entry}/cmdline").read_text("utf-8")
            except OSError:
                continue
            if int(status[1]) == own and int(entry) not in OTHERS and "standing_worker" in line and status[0] != "Z":
                found.append(int(entry))
    return found


@pytest.mark.parametrize("sql", [
    "SELECT * FROM activity ORDER BY time_ns", "SELECT run, events FROM runs", "SELECT hour, events FROM activity_hourly ORDER BY ALL",
    "SELECT count(*) AS n FROM UnifiedAuditLog", "DESCRIBE activity",
])  # fmt: skip
def test_answers_are_those_of_a_lake(root, lake, sql):
    assert lake.query(sql).to_pylist() == Lake(root, views=views()).query(sql).to_pylist()


def test_what_is_new_is_seen_at_the_next_question(root, lake):
    assert count(lake) == 100
    with LakeWriter(root, "h1") as writer:
        writer.append("activity", rows(7))
        assert count(lake) == 100, "not handed over yet"
        writer.sync()
        assert count(lake) == 107, "in a log"
        writer.append("activity", rows(5))
        writer.sync()
        assert count(lake) == 112, "the same log, longer"
        assert count(lake, "activity_hourly WHERE NOT counted") > 0
    assert count(lake) == 112, "sealed"
    assert lake.query("SELECT CAST(sum(events) AS BIGINT) AS n FROM activity_hourly WHERE counted")[
        "n"
    ].to_pylist() == [112]


def test_views_follow_what_is_new(root, lake):
    assert count(lake, "denials") == 0
    with LakeWriter(root, "h1") as writer:
        writer.append(
            "activity", rows(3).set_column(rows(3).schema.get_field_index("verdict"), "verdict", pa.array(["deny"] * 3))
        )
        writer.sync()
        assert count(lake, "denials") == 3


def test_many_questions_of_one_moment(lake):
    found = lake.query_all(
        {"a": "SELECT count(*) AS n FROM activity", "b": "SELECT nothing FROM activity", "c": "SELECT 1 AS n"}
    )
    assert found["a"]["n"].to_pylist() == [100]
    assert isinstance(found["b"], QueryError)
    assert found["c"]["n"].to_pylist() == [1]


def test_a_span_leaves_out_segments_beside_it_and_no_row_in_it(root, lake):
    with LakeWriter(root, "h1") as writer:
        writer.append("activity", rows(10, START + timedelta(days=30)))
    far = (START + timedelta(days=29), START + timedelta(days=31))
    near = (START, START + timedelta(days=1))
    assert count(lake, "activity") == 110
    assert count(lake, "activity", span=far) == 10
    assert count(lake, "activity", span=near) == 100
    assert Lake(root).query("SELECT count(*) AS n FROM activity", span=far)["n"].to_pylist() == [10]
    for segment in (root / "activity").rglob("*.parquet"):
        if "2026-03-01" in str(segment):
            os.chmod(segment, 0o600)
    assert count(lake, "activity") == 110


def test_one_that_takes_too_long_is_ended_and_the_next_is_answered(lake):
    count(lake)
    [before] = worker_pids()
    started = time.monotonic()
    with pytest.raises(QueryError, match="longer than 1 s"):
        lake.query(SLOW, timeout=1)
    assert time.monotonic() - started < 4
    assert count(lake) == 100
    assert worker_pids() == [before], "interrupted, not replaced"


def test_a_worker_that_dies_fails_one_question_and_is_replaced(lake):
    count(lake)
    [pid] = worker_pids()
    threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(QueryError, match="SIGKILL"):
        lake.query(SLOW, timeout=20)
    assert count(lake) == 100
    assert worker_pids() != [pid]


def test_a_worker_that_does_not_answer_is_ended(lake):
    count(lake)
    [pid] = worker_pids()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(QueryError, match="longer than"):
        count(lake, timeout=0.5)
    assert not os.path.exists(f"/proc/{pid}")
    assert count(lake) == 100


def test_a_slow_question_keeps_nobody_waiting_where_another_worker_is_free(root):
    lake = StandingLake(root, workers=2)
    told = []

    def slowly():
        try:
            lake.query(SLOW, timeout=20)
        except QueryError as error:
            told.append(str(error))

    slow = threading.Thread(target=slowly)
    try:
        slow.start()
        time.sleep(0.2)
        assert count(lake) == 100
        assert slow.is_alive(), "answered beside it, not after it"
        for pid in worker_pids():
            os.kill(pid, signal.SIGKILL)
        slow.join()
        assert told
    finally:
        lake.close()


def test_many_threads_get_their_own_answers(root):
    lake = StandingLake(root, workers=2)
    found = {}

    def ask(n):
        found[n] = lake.query(f"SELECT {n} AS n, count(*) AS c FROM activity").to_pylist()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lake.close()
    assert found == {n: [{"n": n, "c": 100}] for n in range(12)}


@pytest.mark.parametrize("sql", [
    "COPY (SELECT 1) TO '{root}/activity/x.parquet'", "WITH x AS (COPY (SELECT 1) TO '{root}/activity/x.parquet') SELECT 1",
    "SELECT * FROM read_text('/etc/passwd')", "SET memory_limit = '8GB'", "INSTALL httpfs", "SELECT 1; SELECT 2",
])  # fmt: skip
def test_the_cage_holds(root, lake, sql):
    count(lake)
    before = sorted(p for p in root.rglob("*"))
    with pytest.raises(QueryError):
        lake.query(sql.format(root=root))
    assert sorted(p for p in root.rglob("*")) == before
    assert count(lake) == 100


def test_a_result_that_is_too_large_is_refused(root):
    lake = StandingLake(root, workers=1, max_bytes=1 << 16)
    try:
        with pytest.raises(QueryError, match="larger than"):
            lake.query("SELECT range FROM range(1000000)")
        assert count(lake) == 100
    finally:
        lake.close()


def test_a_cut_segment_is_named_and_can_be_left_out(root):
    segment = next((root / "activity").rglob("*.parquet"))
    with open(segment, "r+b") as file:
        file.truncate(100)
    told = []
    lake = StandingLake(root, workers=1, report=told.append)
    try:
        with pytest.raises(QueryError, match=segment.name):
            count(lake)
        assert count(lake, skip_damaged=True) == 0
        assert any(segment.name in line for line in told)
    finally:
        lake.close()


def _refused(lake):
    """Why a question is refused, a moment later."""
    time.sleep(0.05)
    try:
        count(lake)
    except QueryError as error:
        return str(error)
    return None


def test_a_flipped_bit_is_found_in_the_background(root):
    segment = next((root / "activity").rglob("*.parquet"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    lake = StandingLake(root, views=views(), workers=1)
    try:
        lake.query("SELECT 1 AS n", skip_damaged=True)
        found = [error for error in (_refused(lake) for _ in range(100)) if error]
        assert found
        assert "SHA-256" in found[0]
        assert count(lake, "run_log") == 0, "what does not read it is answered"
        assert count(lake, skip_damaged=True) == 0
        assert lake.query("SELECT CAST(sum(events) AS BIGINT) AS n FROM activity_hourly")["n"].to_pylist() == [100]
    finally:
        lake.close()


def test_a_segment_that_goes_and_comes_back_is_noticed_each_time(root, lake):
    segment = next((root / "activity").rglob("*.parquet"))
    assert count(lake) == 100
    aside = segment.rename(segment.with_suffix(".aside"))
    with pytest.raises(QueryError, match=rf"{segment.name}: this segment cannot be read"):
        count(lake)
    assert count(lake, skip_damaged=True) == 0
    aside.rename(segment)
    assert count(lake) == 100


def test_rows_held_in_memory_are_those_of_the_files(root, lake):
    run = {"run": "r1", "state": "started", "time": START, "started": START, "host": "h1"}
    sql = "SELECT run, state FROM run_log ORDER BY run, state"
    for number in range(4):
        with LakeWriter(root, "h1") as writer:
            for state in ("started", "ended"):
                row = run | {"run": f"r{number}", "state": state}
                writer.append("runs", pa.Table.from_pylist([row], schema=schema.lake_schema("runs")))
                writer.sync()
                assert lake.query(sql).equals(Lake(root).query(sql)), "from the log"
        assert lake.query(sql).equals(Lake(root).query(sql)), "from a segment"
    next((root / "runs").rglob("*.parquet")).unlink()
    assert count(lake, "run_log") == 8, "they were read before it went"


@pytest.mark.parametrize("sql", [
    "WITH x AS (INSERT INTO _kept_activity_hours SELECT * FROM _kept_activity_hours) SELECT 1", "WITH x AS (DELETE FROM _kept_activity_hours) SELECT 1",
    "WITH x AS (UPDATE _kept_activity_hours SET events = 0) SELECT 1",
])  # fmt: skip
def test_no_question_changes_what_is_held_in_memory(lake, sql):
    total = "SELECT CAST(sum(events) AS BIGINT) AS n FROM activity_hourly"
    assert lake.query(total)["n"].to_pylist() == [100]
    with pytest.raises(QueryError):
        lake.query(sql)
    assert lake.query(total)["n"].to_pylist() == [100]


def test_a_worker_is_there_before_anybody_asks_and_gone_after_the_end(root):
    lake = StandingLake(root, workers=1)
    deadline = time.monotonic() + 30
    while not worker_pids() and time.monotonic() < deadline:
        time.sleep(0.02)
    [pid] = worker_pids()
    assert count(lake) == 100
    assert worker_pids() == [pid]
    lake.close()
    assert worker_pids() == []
    with pytest.raises(LakeError, match="was closed"):
        count(lake)


def test_who_has_waited_for_a_turn_has_only_the_rest_of_the_time_and_costs_no_worker(root):
    lake = StandingLake(root, workers=1)
    try:
        count(lake)
        [pid] = worker_pids()
        slow = threading.Thread(target=lambda: lake.query_all({"slow": SLOW}, timeout=3))
        slow.start()
        time.sleep(0.3)
        begin = time.monotonic()
        with pytest.raises(QueryError, match="longer than 5 s"):
            lake.query(SLOW, timeout=5)
        assert time.monotonic() - begin < 7
        slow.join()
        assert worker_pids() == [pid], "interrupted, not killed"
    finally:
        lake.close()


def test_there_must_be_a_lake(tmp_path):
    with pytest.raises(LakeError):
        StandingLake(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(LakeError, match="no lake"):
        StandingLake(tmp_path)
