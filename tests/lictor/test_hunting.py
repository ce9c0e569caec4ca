"""Hunts asked of a real lake: what is chosen, the time that is meant, counts of many in few queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from lictor import hunting
from lictor.errors import LictorError
from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries.hunting import hunts

T = datetime(2026, 1, 5, 12, tzinfo=UTC)
NS = int(T.timestamp()) * 10**9


@pytest.fixture(scope="module")
def hunted(tmp_path_factory):
    """A lake in which one run writes ~/.bashrc, and an hour later ~/.profile."""
    root = tmp_path_factory.mktemp("lake")
    rows = [
        {"time": T + timedelta(hours=n), "time_ns": NS + n * 3600 * 10**9, "host": "vm", "class": "file", "seq": n, "cpu": 0,
         "boot_id": "b", "source": "ebpf", "operation": "file.create", "outcome": "success", "agent_run": "r", "agent": "codex",
         "process_key": 7, "pid": 8, "exe": "/usr/bin/dash", "cmdline": "sh x", "path": path}
        for n, path in enumerate(["/home/dev/.bashrc", "/home/dev/.profile"])
    ]  # fmt: skip
    with LakeWriter(root, "vm") as writer:
        writer.append("activity", pa.Table.from_pylist(rows, schema=schema.lake_schema("activity")))
    return Lake(root)


def test_a_hunt_gives_its_rows_with_evidence(hunted):
    table = hunting.ask(hunted, hunts()["shell_startup_written"], {}, timeout=30)
    assert table.column("target").to_pylist() == ["/home/dev/.bashrc", "/home/dev/.profile"]
    assert [e[0]["seq"] for e in table.column("evidence").to_pylist()] == [0, 1]


def test_a_summary_counts_each_hunt_once_the_most_severe_first(hunted):
    asked = hunting.selected("persistence")
    table = hunting.summary(hunted, asked, {"since": T + timedelta(minutes=1)}, timeout=60)
    counted = {row["name"]: row["hits"] for row in table.to_pylist()}
    assert list(counted) == [h.name for h in asked]
    assert {name for name, hits in counted.items() if hits} == {"shell_startup_written"}
    assert counted["shell_startup_written"] == 1
    severities = [schema.SEVERITIES.index(s) for s in table.column("severity").to_pylist()]
    assert severities == sorted(severities, reverse=True)


def test_the_list_names_every_hunt():
    table = hunting.listing(hunting.selected(None))
    assert sorted(table.column("name").to_pylist()) == sorted(hunts())


def test_times_are_ago_or_absolute():
    now = T + timedelta(days=1)
    assert hunting.span("24h", "2026-01-05T13:00:00Z", now) == {"since": T, "until": T + timedelta(hours=1)}
    assert hunting.span(None, None, now) == {}


def test_parameters_are_names_and_values():
    assert hunting.parameters(["a=1", "b=x=y,z", "c="]) == {"a": "1", "b": "x=y,z", "c": ""}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: hunting.chosen("no_such"), "no hunt 'no_such'"),
        (lambda: hunting.selected("fun"), "no tactic 'fun'; there are"),
        (lambda: hunting.span("soon", None, T), "--since soon: write how long ago"),
        (lambda: hunting.span("1h", "2h", T), "--since is not before --until"),
        (lambda: hunting.parameters(["many"]), "-p many: write -p name=value"),
        (lambda: hunting.parameters(["a=1", "a=2"]), "-p a is given twice"),
        (
            lambda: hunting.ask(None, hunts()["mass_delete"], {"most": 1}, timeout=1),
            "no parameter 'most'; it has window, many",
        ),
    ],
)
def test_what_is_wrong_is_one_line(wrong, said):
    with pytest.raises(LictorError) as refused:
        wrong()
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_severities_are_compared():
    assert hunting.as_severe("critical", "high")
    assert hunting.as_severe("high", "high")
    assert not hunting.as_severe("medium", "high")
