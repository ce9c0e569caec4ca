from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake import frames, layout, reader
from pipeline.lake.engine import BASE_TABLES
from pipeline.lake.errors import LakeError, QueryError
from pipeline.lake.reader import Lake
from pipeline.lake.wal import Wal
from pipeline.lake.writer import LakeWriter


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "la'ke"
    folder.mkdir()
    return folder


@pytest.fixture
def filled(root, rows):
    with LakeWriter(root, "vm") as writer:
        for i in range(3):
            writer.append("activity", rows(10, 10 * i))
            writer.seal()
    return root


def fingerprint(root):
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(root.rglob("*")) if p.is_file()}


def test_an_empty_lake_has_every_table_with_no_rows(root):
    counts = ", ".join(
        f"(SELECT count(*) FROM {name}) AS {table}" for name, table in BASE_TABLES.items()
    )  # fmt: skip
    assert Lake(root).query(f"SELECT {counts}").to_pylist() == [dict.fromkeys(schema.TABLES, 0)]


def test_a_lake_from_before_a_table_came_has_no_rows_of_it(filled):
    (filled / "requests").rmdir()
    lake = Lake(filled)
    assert lake.query("SELECT count(*) AS n FROM request_log").to_pylist() == [{"n": 0}]
    assert lake.query("SELECT count(*) AS n FROM activity").to_pylist() == [{"n": 30}]
    with LakeWriter(filled, "vm") as writer:
        writer.append("requests", pa.table({"id": ["q"]}))
    assert lake.query("SELECT id FROM request_log").to_pylist() == [{"id": "q"}]


def test_no_lake_and_no_lake_at_all(tmp_path):
    with pytest.raises(LakeError, match=r"none: No such file or directory while opening the lake: .*--lake"):
        Lake(tmp_path / "none")
    (tmp_path / "photo.jpg").write_text("")
    with pytest.raises(LakeError, match="this folder is no lake"):
        Lake(tmp_path)


def test_a_row_can_be_asked_for_within_two_seconds_while_its_writer_lives(root, rows):
    with LakeWriter(root, "vm") as writer:
        begin = time.monotonic()
        writer.append("activity", rows(3))
        while time.monotonic() - begin < writer_holds():
            time.sleep(0.05)
        writer.tick()
        found = Lake(root).query("SELECT count(*) AS n FROM activity").to_pylist()
        took = time.monotonic() - begin
    assert found == [{"n": 3}]
    assert took < 2 + 8, "the bound is two seconds; a loaded machine may start the worker slowly"


def writer_holds():
    from pipeline.lake.writer import MAX_HELD_S  # noqa: PLC0415  # beside its only use

    return MAX_HELD_S


def test_views_may_be_given(filled):
    lake = Lake(filled, views={"first": "SELECT min(seq) AS s FROM activity"})
    assert lake.query("SELECT * FROM first").to_pylist() == [{"s": 0}]


def test_the_answer_is_what_was_written(filled, rows):
    table = Lake(filled).query("SELECT * FROM activity ORDER BY seq")
    assert table.equals(schema.conform(pa.Table.from_batches([rows(30)]), "activity"))


def test_limit_and_size(filled):
    lake = Lake(filled, max_bytes=1 << 20)
    assert lake.query("SELECT * FROM activity", limit=4).num_rows == 4
    with pytest.raises(QueryError, match="larger than 1 MiB"):
        lake.query("SELECT * FROM range(10000000)")


def test_never_counts_twice_while_a_writer_appends_and_seals(root, rows):
    appended, stop = 0, threading.Event()

    def write():
        nonlocal appended
        with LakeWriter(root, "vm") as writer:
            while not stop.is_set():
                writer.append("activity", rows(5, appended))
                writer.sync()
                appended += 5
                if appended % 20 == 0:
                    writer._rotate()
                time.sleep(0.002)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(3):
            before = appended
            [found] = (
                Lake(root).query("SELECT count(*) n, count(DISTINCT seq) d, max(seq) + 1 m FROM activity").to_pylist()
            )
            assert before <= found["n"] <= appended + 5
            assert found["n"] == found["d"]
            assert found["n"] == (found["m"] or 0)
    finally:
        stop.set()
        thread.join()


def first_segment(root):
    return min(root.rglob("*.parquet"))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [flip, os.unlink, lambda p: os.truncate(p, 99)], ids=["flipped", "missing", "cut"])
def test_a_damaged_segment_fails_the_query_by_name_or_is_left_out_aloud(filled, said, harm):
    segment = first_segment(filled)
    lake = Lake(filled, report=said)
    assert lake.query("SELECT count(*) n FROM activity").to_pylist() == [{"n": 30}]
    harm(segment)
    with pytest.raises(QueryError, match=r"this segment .*: restore it from a backup") as error:
        lake.query("SELECT count(*) FROM activity")
    assert str(error.value).startswith(str(segment))
    assert lake.query("SELECT count(*) n FROM activity", skip_damaged=True).to_pylist() == [{"n": 20}]
    assert len(said) == 1
    assert said[0].startswith(str(segment))
    assert lake.query("SELECT count(*) n FROM coverage").to_pylist() == [{"n": 0}], "other tables are whole"
    assert len(lake.check()) == 1


def test_beyond_the_budget_a_check_finds_it(filled):
    with first_segment(filled).open("r+b") as file:
        file.seek(30)  # in the first column's data, which a count does not read
        file.write(b"\xff")
    Lake(filled, verify_bytes=0).query("SELECT count(*) FROM activity")
    [line] = Lake(filled).check()
    assert "SHA-256" in line


def test_a_damaged_log_fails_the_query_until_it_is_recovered(root, rows, said):
    writer = LakeWriter(root, "vm")
    for i in range(3):
        writer.append("activity", rows(4, 4 * i))
        writer.sync()
    path = writer._wal.path
    writer._wal.close()
    flip(path)
    with pytest.raises(QueryError, match=rf"{path.name}: a frame's payload is damaged"):
        Lake(root).query("SELECT count(*) FROM activity")
    assert Lake(root, report=said).query("SELECT count(*) n FROM activity", skip_damaged=True).to_pylist() == [{"n": 8}]
    LakeWriter(root, "vm", report=said).close()
    assert Lake(root).query("SELECT count(*) n FROM activity").to_pylist() == [{"n": 8}]
    [loss] = Lake(root).query("SELECT source, reason, lost FROM coverage").to_pylist()
    assert loss == {"source": "lake", "reason": "log_damaged", "lost": 4}


def test_a_log_whose_dictionaries_are_mostly_unused_can_be_read_by_a_worker(root):
    layout.prepare(root)
    wal = Wal.create(layout.wal_path(root, "w-1"), {"host": "vm", "created_ns": 1, "schema": 1})
    paths = pa.DictionaryArray.from_arrays(pa.array([7, 4999, 7], pa.int32()), pa.array([f"/{n}" for n in range(5000)]))
    wal.append("activity", pa.table({"path": paths}))
    wal.close()
    assert Lake(root).query("SELECT path FROM activity")["path"].to_pylist() == ["/7", "/4999", "/7"]


def test_a_torn_log_is_readable_up_to_the_tear(root, rows):
    writer = LakeWriter(root, "vm")
    for i in range(2):
        writer.append("activity", rows(4, 4 * i))
        writer.sync()
    path = writer._wal.path
    writer._wal.close()
    os.truncate(path, path.stat().st_size - frames.HEAD_BYTES)
    assert Lake(root).query("SELECT max(seq) m FROM activity").to_pylist() == [{"m": 3}]


def test_a_query_ends_in_time(filled):
    begin = time.monotonic()
    with pytest.raises(QueryError, match=r"took longer than 0\.5 s: narrow it"):
        Lake(filled).query("SELECT count(*) FROM range(1000000000000) WHERE random() > 2", timeout=0.5)
    assert time.monotonic() - begin < 10


def program(folder, line):
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return str(path)


def test_a_worker_that_does_not_end_is_killed(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "GRACE_S", 0.0)
    monkeypatch.setattr(sys, "executable", program(tmp_path, "exec sleep 60"))
    with pytest.raises(QueryError, match=r"took longer than 0\.3 s"):
        Lake(filled).query("SELECT 1", timeout=0.3)


def test_a_worker_that_dies_gives_one_line(filled, monkeypatch):
    monkeypatch.setattr(reader, "_run_worker", lambda *_: (b"", -11))
    lake = Lake(filled)
    monkeypatch.setattr(lake, "check", list)
    with pytest.raises(QueryError, match="worker died \\(SIGSEGV\\)"):
        lake.query("SELECT 1")
    monkeypatch.setattr(lake, "check", lambda: ["file x: damaged"])
    with pytest.raises(QueryError, match="file x: damaged"):
        lake.query("SELECT 1")


def test_a_worker_that_floods_is_stopped(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", program(tmp_path, "exec yes"))
    with pytest.raises(QueryError, match="more than was asked for"):
        Lake(filled, max_bytes=1 << 20).query("SELECT 1")


def attacks(root):
    segment = str(first_segment(root)).replace("'", "''")
    folder = str(root).replace("'", "''")
    return {
        "copy over a segment": f"COPY (SELECT 1) TO '{segment}' (use_tmp_file false)",
        "copy in a CTE": f"WITH x AS (COPY (SELECT 1) TO '{segment}' (use_tmp_file false)) SELECT 1",
        "copy in a materialized CTE": f"WITH x AS MATERIALIZED (COPY (SELECT 1) TO '{folder}/activity/n.csv') SELECT * FROM x",
        "export": f"EXPORT DATABASE '{folder}/activity/export'",
        "explain analyze copy": f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/activity/n.csv'",
        "insert in a CTE": "WITH x AS (INSERT INTO activity SELECT * FROM activity) SELECT 1",
        "two statements": f"SELECT 1; COPY (SELECT 1) TO '{folder}/activity/n.csv'",
        "read a file": "SELECT content FROM read_text('/etc/passwd')",
        "read by ..": f"SELECT content FROM read_text('{folder}/activity/../../../../../../etc/passwd')",
        "read a commit record": f"SELECT content FROM read_text('{folder}/commits/*')",
        "read a log": f"SELECT content FROM read_blob('{folder}/wal/*')",
        "read a csv": "SELECT * FROM read_csv('/etc/passwd')",
        "read by name": "SELECT * FROM '/etc/passwd'",
        "read the environment": "SELECT content FROM read_text('/proc/self/environ')",
        "glob": "SELECT * FROM glob('/root/**')",
        "getenv": "SELECT getenv('HOME')",
        "load": "LOAD httpfs",
        "install": "INSTALL httpfs FROM 'http://127.0.0.1:9'",
        "set": "SET enable_external_access = true",
        "reset": "RESET lock_configuration",
        "attach": f"ATTACH '{folder}/activity/n.duckdb'",
        "pragma": "PRAGMA enable_profiling",
        "profile to a file": f"PRAGMA profiling_output = '{folder}/activity/n.json'",
        "http": "SELECT * FROM read_csv('http://127.0.0.1:9/x')",
        "s3": "SELECT * FROM read_parquet('s3://127.0.0.1/x')",
        "a Python variable": "SELECT * FROM request",
        "a Python module": "SELECT * FROM sys",
        "log to a file": f"CALL enable_logging(storage = 'file', storage_path = '{folder}/activity')",
        "secret": "CREATE PERSISTENT SECRET s (TYPE s3)",
    }


def test_no_attack_changes_the_lake_or_reads_elsewhere(filled):
    before = fingerprint(filled)
    lake = Lake(filled)

    def attack(sql):
        try:
            return lake.query(sql).to_pylist()
        except QueryError:
            return []

    tries = attacks(filled)
    with ThreadPoolExecutor(2) as pool:
        answered = dict(zip(tries, pool.map(attack, tries.values()), strict=True))
    assert fingerprint(filled) == before
    assert {n: r for n, r in answered.items() if r} == {}
    assert lake.query("SELECT count(*) n FROM activity").to_pylist() == [{"n": 30}]


def test_the_reading_end_is_light(filled, run_python):
    script = """
import sys
from pipeline.lake.reader import Lake
print(Lake(sys.argv[1]).query("SELECT count(*) n FROM activity").to_pylist(), "duckdb" in sys.modules)
"""
    assert run_python(script, filled).stdout.strip() == "[{'n': 30}] False"


def test_many_questions_are_asked_of_one_moment_and_one_that_fails_leaves_the_others(filled):
    found = Lake(filled).query_all({
        "count": "SELECT count(*) AS n FROM activity", "broken": "SELECT nothing FROM activity",
        "write": "CREATE TABLE x (n INT)", "none": "SELECT seq FROM activity WHERE seq < 0",
    })  # fmt: skip
    assert found["count"].to_pylist() == [{"n": 30}]
    assert found["none"].num_rows == 0
    assert "nothing" in str(found["broken"])
    assert "read-only" in str(found["write"])
    assert Lake(filled).query_all({}) == {}


def test_what_is_prepared_is_there_for_every_question_and_a_failure_is_one_of_all(filled):
    prepare = ["CREATE TABLE few AS SELECT seq FROM activity WHERE seq < 5", "CREATE VIEW fewer AS FROM few LIMIT 2"]
    found = Lake(filled).query_all(
        {"a": "SELECT count(*) AS n FROM few", "b": "SELECT count(*) AS n FROM fewer"}, prepare=prepare
    )
    assert [found[n].to_pylist() for n in "ab"] == [[{"n": 5}], [{"n": 2}]]
    with pytest.raises(QueryError, match="nowhere"):
        Lake(filled).query_all({"a": "SELECT 1"}, prepare=["CREATE TABLE t AS FROM nowhere"])
    with pytest.raises(QueryError):
        Lake(filled).query_all({"a": "SELECT 1"}, prepare=[f"COPY activity TO '{filled}/stolen.csv'"])


def test_what_comes_too_late_or_is_too_large_is_an_error_of_its_own(filled):
    slow = "SELECT count(*) AS n FROM range(100000000000) WHERE range % 7 = 3"
    found = Lake(filled).query_all({"first": "SELECT 1 AS n", "slow": slow, "after": "SELECT 2 AS n"}, timeout=3)
    assert found["first"].to_pylist() == [{"n": 1}]
    assert "longer than 3 s" in str(found["slow"])
    assert "longer than 3 s" in str(found["after"])
    wide = "SELECT repeat('x', 1000000) AS text FROM range(3)"
    found = Lake(filled, max_bytes=4_000_000).query_all({"a": wide, "b": wide})
    assert found["a"].num_rows == 3
    assert "larger than" in str(found["b"])
