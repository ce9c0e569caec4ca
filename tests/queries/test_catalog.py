from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries import catalog
from queries.catalog import CatalogError, Query, ordered, parse, reads
from tests.queries.conftest import Kept

GOOD = """-- title: A title
-- answers: A question?
-- columns:
--   a INTEGER: what a is
--   b: what b is: in full
SELECT 1 AS a, 2 AS b;
"""
T = datetime(2026, 9, 21, 12, tzinfo=UTC)


def test_a_file_is_read_with_its_metadata():
    assert parse("x", GOOD) == Query(
        "x",
        "A title",
        "A question?",
        {"a": "what a is", "b": "what b is: in full"},
        "SELECT 1 AS a, 2 AS b",
        {"a": "INTEGER"},
    )


@pytest.mark.parametrize(
    "text",
    ["SELECT 1", GOOD.replace("-- title: A title\n", ""), GOOD.replace("-- answers: A question?\n", ""),
     GOOD.split("SELECT", maxsplit=1)[0], GOOD.replace("--   a INTEGER: what a is\n", "-- what is this\n"), GOOD.replace("b: what b is: in full", "b"), ""],
)  # fmt: skip
def test_a_file_without_its_metadata_is_named(text):
    with pytest.raises(CatalogError, match=r"^x\.sql: "):
        parse("x", text)


FOREIGN = """-- title: A title
-- answers: A question?
-- schema: defender.AlertInfo
-- columns:
--   AlertId, Title
--   Severity: how bad
SELECT 1 AS AlertId, 'x' AS Title, 'High' AS Severity
"""


def test_a_view_of_another_product_gets_the_rest_of_its_columns():
    view = parse("x", (catalog.VIEWS / "DeviceRegistryEvents.sql").read_text())
    assert len(view.columns) == 43
    assert list(view.columns)[:3] == ["Timestamp", "DeviceId", "DeviceName"]
    assert (view.types["Timestamp"], view.types["ReportId"]) == ("TIMESTAMPTZ", "BIGINT")
    assert (view.columns["RegistryKey"], view.columns["DeviceName"]) == ("the key acted on", "host name")
    assert "RegistryValueData" in view.unknown
    assert "registry" in view.columns["RegistryValueData"]


def test_a_column_that_is_null_without_a_reason_is_named():
    with pytest.raises(CatalogError, match="nobody says why 'Timestamp' of AlertInfo is NULL"):
        parse("x", FOREIGN)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("defender.AlertInfo", "nobody.AlertInfo", "no file schemas/nobody.toml"), ("AlertInfo", "AlertInfos", "does not know 'AlertInfos'"),
     ("AlertId, Title", "AlertId, Titel", "column Titel is not in"), ("Severity: how bad", "Category", "column Category .* nobody says")],
)  # fmt: skip
def test_a_schema_that_does_not_fit_is_named(old, new, said):
    with pytest.raises(CatalogError, match=said):
        parse(
            "x",
            FOREIGN.replace(f"schema: {old}", f"schema: {new}")
            .replace(f"schema: defender.{old}", f"schema: defender.{new}")
            .replace(f"  {old}", f"  {new}"),
        )


def test_a_view_that_adds_to_a_table_or_a_view_has_its_columns_first():
    text = GOOD.replace("-- columns:", "-- table: coverage\n-- columns:")
    assert list(parse("x", text).columns) == [c.name for c in schema.TABLES["coverage"]] + ["a", "b"]
    assert next(iter(parse("x", text.replace("coverage", "denials")).columns)) == "time"
    with pytest.raises(CatalogError, match="neither a table nor a view nothing"):
        parse("x", text.replace("coverage", "nothing"))


def query(name, sql):
    return Query(name, "t", "a", {"a": "a"}, sql)


def test_each_view_comes_after_those_that_it_reads():
    views = [query("a", "SELECT * FROM b JOIN c USING (x)"), query("b", "SELECT 1 FROM c"), query("c", "SELECT 1")]
    assert [q.name for q in ordered(views)] == ["c", "b", "a"]


def test_a_circle_is_refused():
    with pytest.raises(CatalogError, match="circle: "):
        ordered([query("a", "FROM b"), query("b", "FROM a")])


def test_names_in_texts_and_comments_do_not_count():
    sql = "SELECT 'from x' -- from y\n/* join z */ FROM \"Runs\" AS r LEFT JOIN other ON true"
    assert reads(sql) == {"runs", "other"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Two runs: one that ended, one that goes on; a tree of four processes; a loss."""
    root = tmp_path_factory.mktemp("lake")

    def table(name, rows):
        types = {f.name: f.type for f in schema.lake_schema(name)}
        names = {k for row in rows for k in row}
        return pa.table({n: pa.array([row.get(n) for row in rows], types[n]) for n in types if n in names})

    def at(seconds):
        return T + timedelta(seconds=seconds)

    one = {"agent_run": "run1", "agent": "codex", "host": "vm"}
    with LakeWriter(root, "vm") as writer:
        writer.append("runs", table("runs", [
            {"run": "run1", "state": "started", "time": at(0), "started": at(0), "host": "vm", "agent": "codex"},
            {"run": "run1", "state": "ended", "time": at(0), "started": at(0), "ended": at(60), "host": "vm",
             "agent": "codex", "events": 99, "denied": 7, "lost": 0, "exit_code": 1},
            {"run": "run2", "state": "started", "time": at(50), "started": at(50), "host": "vm", "agent": "other"},
        ]))  # fmt: skip
        writer.append("processes", table("processes", [
            {"agent_run": "run1", "process_key": 10, "parent_key": 1, "pid": 100, "time": at(1), "exe": "/bin/bash", "cmdline": "bash -c x"},
            {"agent_run": "run1", "process_key": 11, "parent_key": 10, "pid": 101, "time": at(2), "exe": "/bin/sh", "cmdline": "sh"},
            {"agent_run": "run1", "process_key": 11, "parent_key": 10, "pid": 101, "time": at(3), "exe": "/bin/cat", "cmdline": "cat f"},
            {"agent_run": "run1", "process_key": 13, "parent_key": 12, "pid": 103, "time": at(5), "exe": "/bin/ls", "cmdline": "ls"},
        ]))  # fmt: skip
        writer.append("activity", table("activity", [
            one | {"class": "process", "operation": "fork", "process_key": 10, "parent_key": 10, "child_key": 12, "child_pid": 102, "time": at(4), "pid": 100},
            one | {"class": "process", "operation": "exit", "process_key": 11, "exit_code": 3, "time": at(6), "pid": 101},
            one | {"class": "file", "operation": "file.read", "process_key": 11, "path": "/secret", "verdict": "deny", "rule": "r",
                   "time": at(4), "action": "kill", "enforcement": "confirmed", "enforced_at": "kernel", "outcome": "denied", "errno": 13},
            one | {"class": "file", "operation": "file.write", "process_key": 13, "path": "/w", "verdict": "allow", "outcome": "success", "time": at(6)},
            {"agent_run": "run2", "host": "vm", "agent": "other", "class": "network", "operation": "net.connect", "process_key": 20, "verdict": "kill", "rule": "n",
             "dst_ip": "8.8.8.8", "dst_port": 53, "protocol": "udp", "exe": "/bin/dig", "time": at(55), "outcome": "success"},
            {"agent_run": "run2", "host": "vm", "agent": "other", "class": "network", "operation": "net.connect", "process_key": 20,
             "dst_ip": "8.8.8.8", "dst_port": 53, "protocol": "udp", "exe": "/bin/curl", "time": at(56), "outcome": "failure", "errno": 111},
            *({"agent_run": "run2", "host": "vm", "class": "network", "operation": "net.connect", "process_key": 20, "dst_ip": ip, "dst_port": 1, "time": at(57)}
              for ip in ("127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "172.32.0.1", "fd00::1", "fe80::1", "2001:db8::1", "192.168.1.1")),
            {"agent_run": "run2", "host": "vm", "class": "network", "operation": "net.connect", "process_key": 20, "path": "/run/x.sock", "protocol": "unix", "time": at(58)},
        ]))  # fmt: skip
        writer.append("coverage", table("coverage", [
            {"host": "vm", "source": "ebpf", "class": "file", "reason": "ring_full", "since": at(10), "until": at(11), "emitted": 10, "delivered": 7, "lost": 3},
            {"host": "vm", "source": "ebpf", "class": "file", "reason": "none", "since": at(11), "until": at(12), "emitted": 5, "delivered": 5, "lost": 0},
            {"host": "vm", "source": "lake", "reason": "log_damaged", "since": at(52), "until": at(53)},
        ]))  # fmt: skip
        asked = {"id": "q1", "agent_run": "run1", "time": at(4), "state": "waiting"}
        writer.append("requests", table("requests", [
            asked, asked | {"change": "unless: {exe: /bin/cat}"},
            asked | {"change": "unless: {exe: /bin/cat}", "time": at(9), "state": "released", "decided_by": "eve"},
            asked | {"id": "q2", "time": at(10)}, asked | {"id": "q2", "time": at(10), "change": "defaults: {exec: allow}"},
            asked | {"id": "q3", "time": at(11)}, asked | {"id": "q3", "time": at(11), "state": "gone"},
        ]))  # fmt: skip
    return Lake(root, views=catalog.views())


@pytest.fixture(scope="module")
def kept(lake):
    return Kept(lake)


def test_every_view_has_the_columns_that_it_promises(lake):
    loaded = catalog.load()
    assert {"runs", "process_tree", "denials", "egress", "coverage_gaps", "requests", "UnifiedAuditLog"} <= {
        q.name for q in loaded
    }
    own = {q.name: q for q in loaded if not q.schema}  # those of other products: tests/queries/views
    found = lake.query_all({name: f"SELECT * FROM {name} LIMIT 0" for name in own})
    assert {name: found[name].schema.names for name in own} == {name: list(q.columns) for name, q in own.items()}


def test_runs_has_one_row_per_run_with_its_latest_state_and_counts(lake):
    rows = lake.query("SELECT * FROM runs ORDER BY run").to_pylist()
    assert [(r["run"], r["state"], r["events"], r["denied"]) for r in rows] == [
        ("run1", "ended", 99, 7),
        ("run2", "started", 12, 1),
    ]
    assert [(r["files_changed"], r["destinations"], r["processes"]) for r in rows] == [(1, 0, 3), (0, 10, 1)]


def test_requests_has_one_row_per_question_with_its_latest_state(kept):
    rows = kept.query("SELECT id, state, change, decided_by FROM requests ORDER BY id").to_pylist()
    assert [tuple(r.values()) for r in rows] == [
        ("q1", "released", "unless: {exe: /bin/cat}", "eve"),
        ("q2", "waiting", "defaults: {exec: allow}", None),
        ("q3", "gone", None, None),
    ]
    assert kept.query("SELECT count(*) AS n FROM request_log").to_pylist() == [{"n": 7}]


def test_denials_say_whether_it_was_stopped(kept):
    rows = kept.query("SELECT operation, object, rule, effect FROM denials ORDER BY time").to_pylist()
    assert [tuple(r.values()) for r in rows] == [
        ("file.read", "/secret", "r", "stopped"),
        ("net.connect", "8.8.8.8:53", "n", "observed"),
    ]


def test_egress_is_by_destination(kept):
    rows = kept.query("SELECT * FROM egress ORDER BY dst_ip").to_pylist()
    [dns] = [r for r in rows if r["dst_ip"] == "8.8.8.8"]
    assert (dns["attempts"], dns["succeeded"], dns["denied"], dns["programs"]) == (2, 1, 1, "/bin/curl, /bin/dig")
    assert {r["dst_ip"]: r["scope"] for r in rows} == {
        "8.8.8.8": "external", "127.0.0.1": "loopback", "::1": "loopback", "10.1.2.3": "private", "172.31.0.1": "private",
        "172.32.0.1": "external", "fd00::1": "private", "fe80::1": "private", "2001:db8::1": "external", "192.168.1.1": "private",
    }  # fmt: skip


def test_the_tree_hangs_together_also_where_a_process_ran_nothing(kept):
    rows = kept.query("SELECT * FROM process_tree WHERE agent_run = 'run1' ORDER BY position").to_pylist()
    assert [(r["tree"], r["process_key"], r["parent_key"], r["pid"], r["programs"]) for r in rows] == [
        ("bash -c x", 10, 1, 100, 1),
        ("  cat f", 11, 10, 101, 2),
        ("  (no program of its own)", 12, 10, 102, 0),
        ("    ls", 13, 12, 103, 1),
    ]
    cat = rows[1]
    assert (cat["exit_code"], cat["denied"], cat["ended"]) == (3, 1, T + timedelta(seconds=6))


def test_gaps_name_the_runs_that_they_touch(kept):
    rows = kept.query("SELECT source, reason, lost, runs FROM coverage_gaps ORDER BY since").to_pylist()
    assert [tuple(r.values()) for r in rows] == [
        ("ebpf", "ring_full", 3, "run1"),
        ("lake", "log_damaged", None, "run1, run2"),
    ]
