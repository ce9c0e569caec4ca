"""Searches of a recorded lake and of a made-up one, with plain SQL as the second truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards import context, data, who
from dashboards.interface import Account, Ports, Role
from dashboards.search import asking, criteria, slices
from dashboards.search.asking import Search
from pipeline import schema
from pipeline.lake.errors import QueryError
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter

T = datetime(2026, 3, 2, 10, tzinfo=UTC)
NAMES = [
    "/srv/a.txt",
    "/srv/a\nb/secret.pem",
    "/srv/=cmd|x",
    "/srv/\x1b[31mred",
    "/srv/\u202egpj.exe",
    "/etc/ssl/<script>.pem",
]
EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
SPAN = (T - timedelta(days=1), T + timedelta(days=1))


@pytest.fixture(scope="module")
def made(tmp_path_factory, at_hand):
    """Files of hostile names, one each 20 minutes from T on; the last ones are denied and labelled."""
    rows = [
        {"time": T + timedelta(minutes=20 * n), "time_ns": int((T + timedelta(minutes=20 * n)).timestamp()) * 10**9, "host": "vm", "boot_id": "b",
         "source": "ebpf", "cpu": 0, "seq": n, "class": "file", "operation": "file.read", "outcome": "success", "agent": "codex", "agent_run": "r",
         "user": "dev", "exe": "/usr/bin/cat", "cmdline": f"cat token-{n}", "path": path, "verdict": "deny" if n > 3 else None,
         "rule": "no-pem" if n > 3 else None, "labels": "secret,key" if n > 3 else None}
        for n, path in enumerate(NAMES)
    ]  # fmt: skip
    root = tmp_path_factory.mktemp("made")
    with LakeWriter(root, "vm") as writer:
        writer.append("activity", pa.Table.from_pylist(rows, schema=schema.lake_schema("activity")))
    return at_hand(root)


@pytest.fixture
def ports(journal):
    who.recognise_by(lambda: Account("ann", Role.analyst, "local"))
    yield lambda lake: context.install(Ports(lake, journal))
    context._installed.clear()
    who._known.clear()
    data.forget()


def search(span=SPAN, *, content=True, **given):
    found = Search(criteria.read({n: v if isinstance(v, list) else [v] for n, v in given.items()}), span, content)
    found.begin()
    return found


def paths(found):
    return found.found.rows["object"].to_pylist()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, [5, 4, 3, 2, 1, 0]), ({"object": "/srv/**"}, [4, 3, 2, 1, 0]), ({"object": "/**/*.pem"}, [5, 1]), ({"object": "PEM"}, [5, 1]),
        ({"object": NAMES[1]}, [1]), ({"object": NAMES[3]}, [3]), ({"keyword": "Script"}, [5]), ({"keyword": "token-3"}, [3]),
        ({"keyword": "no-pem"}, [5, 4]), ({"verdicts": ["deny"]}, [5, 4]), ({"verdicts": ["none"], "object": "secret"}, [1]),
        ({"labels": ["key"]}, [5, 4]), ({"labels": ["ke"]}, []), ({"rule": "no-pem"}, [5, 4]), ({"run": "other"}, []),
        ({"activities": ["File read"]}, [5, 4, 3, 2, 1, 0]), ({"activities": ["DNS"]}, []), ({"agents": ["codex"], "users": ["dev"]}, [5, 4, 3, 2, 1, 0]),
        ({"operation": ["exec"]}, []), ({"classes": ["file"], "hosts": ["vm"]}, [5, 4, 3, 2, 1, 0]),
    ],
)  # fmt: skip
def test_each_filter_finds_what_fits_whatever_its_name(made, ports, given, wanted):
    ports(made)
    found = search(**given)
    assert paths(found) == [NAMES[n] for n in wanted]
    assert found.found.whole(SPAN[0])
    if found.criteria.countable():
        assert found.total == len(wanted)


def test_who_may_not_see_command_lines_finds_nothing_by_them(made, ports):
    ports(made)
    assert not paths(search(content=False, keyword="token-3"))
    assert len(paths(search(content=False, keyword="a.txt"))) == 1


@pytest.mark.parametrize(("begin", "end"), [(0, 41), (1, 40), (20, 20), (59, 61), (0, 120), (-300, 300)])
def test_the_count_is_exact_to_the_microsecond(made, ports, begin, end):
    ports(made)
    span = (T + timedelta(minutes=begin), T + timedelta(minutes=end, microseconds=1))
    found = search(span)
    assert found.total == found.found.rows.num_rows == sum(begin <= 20 * n <= end for n in range(6))


def test_pages_of_a_recorded_lake_have_every_row_once(lake, ports):
    ports(lake)
    truth = lake.query("SELECT time, source, cpu, class, seq, time_ns FROM activity")
    found = search(EVER)
    assert found.total == truth.num_rows
    while found.found.more and len(found.pages) < 100:
        found.older()
    rows = pa.concat_tables([page.rows for _, page in found.pages])
    assert rows["time"].to_pylist() == sorted(truth["time"].to_pylist(), reverse=True)
    names = ("source", "cpu", "class", "seq", "time_ns")
    assert set(zip(*(rows[c].to_pylist() for c in names), strict=True)) == set(
        zip(*(truth[c].to_pylist() for c in names), strict=True)
    )
    before = found.pages[-2]
    found.newer()
    assert found.pages[-1] is before


def test_the_first_page_stays(made, ports):
    ports(made)
    found = search()
    before = found.found
    found.newer()
    assert found.found is before


@pytest.mark.parametrize("record", ["findings", "actions", "requests", "console"])
def test_other_records_are_found_as_plain_sql_finds_them(lake, ports, record):
    ports(lake)
    table = {"requests": "request_log"}.get(record, record)
    wanted = lake.query(f"SELECT count(*) AS n FROM {table}")["n"][0].as_py()
    found = search(EVER, record=record)
    assert found.found.rows.num_rows == min(wanted, asking.PAGE)
    assert found.found.more == (wanted > asking.PAGE)


def test_findings_of_an_agent_are_those_of_its_runs(lake, ports):
    ports(lake)
    agent = lake.query("SELECT min(agent) AS a FROM run_log WHERE run IN (SELECT agent_run FROM findings)")["a"][
        0
    ].as_py()
    wanted = lake.query(f"SELECT id FROM findings WHERE agent_run IN (SELECT run FROM runs WHERE agent = '{agent}')")
    assert wanted.num_rows
    assert set(search(EVER, record="findings", agents=[agent]).found.rows["id"].to_pylist()) == set(wanted["id"].to_pylist())  # fmt: skip
    assert not search(EVER, record="findings", agents=["nobody"]).found.rows.num_rows


def test_an_export_has_every_row_up_to_its_bound(made, ports):
    ports(made)
    found = search(object="/srv/**")
    assert found.everything(100)["object"].to_pylist() == paths(found)
    assert found.everything(2).num_rows == 2


class Slow:
    """A lake that takes too long for rows, as ``Lake`` tells it."""

    def __init__(self, lake):
        self.lake = lake

    def query_all(self, sqls, **more):
        late = QueryError("the query took longer than 1 s: narrow it, or allow more time")
        return self.lake.query_all(sqls, **more) if "audit_hours" in sqls else dict.fromkeys(sqls, late)


def test_a_search_that_is_too_slow_ends_in_one_line(made, ports):
    ports(Slow(made))
    with pytest.raises(slices.TooLateError, match="took longer than 1 s"):
        search(keyword="x")


def test_lakes_tell_slowness_in_the_words_that_are_looked_for(lake, recorded):
    for one in (lake, Lake(recorded)):
        with pytest.raises(QueryError, match=asking.LATE):
            one.query(
                "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7", timeout=0.3
            )


def test_going_on_adds_to_the_page(made, ports, monkeypatch):
    ports(made)
    monkeypatch.setattr(slices, "FEWEST", 1)
    monkeypatch.setattr(slices, "MOST", 1)
    monkeypatch.setattr(slices, "BUDGET_S", 0.0)
    found = search(keyword="srv")
    assert paths(found) == [NAMES[4], NAMES[3]]
    assert not found.found.more
    assert not found.found.whole(SPAN[0])
    found.go_on()
    assert paths(found) == [NAMES[n] for n in (4, 3, 2, 1, 0)]
    assert found.found.whole(SPAN[0])
