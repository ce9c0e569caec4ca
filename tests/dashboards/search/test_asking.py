"""A search of the lake: counted as the lake counts, paged down and up, exported whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards import context, data, who
from dashboards.interface import Account, Ports, Role
from dashboards.search import criteria
from dashboards.search.asking import PAGE, Search

SPAN = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def searched(lake):
    context.install(Ports(lake, None))
    who.recognise_by(lambda: Account("a", Role.analyst, "local"))
    data.forget()

    def search(span=SPAN, **address):
        found = Search(
            criteria.read({n: v if isinstance(v, list) else [v] for n, v in address.items()}), span, content=True
        )
        found.begin()
        return found

    yield search
    context._installed.clear()
    who._known.clear()


def total(lake, where="true"):
    return lake.query(f"SELECT count(*) AS n FROM activity WHERE {where}")["n"][0].as_py()


def test_all_rows_are_counted_and_paged_once(searched, lake):
    found = searched()
    wanted = total(lake)
    assert found.total == wanted
    while found.found.more and len(found.pages) < 60:
        found.older()
    rows = [
        r
        for _, page in found.pages
        for r in zip(
            page.rows["time_ns"].to_pylist(),
            page.rows["seq"].to_pylist(),
            page.rows["cpu"].to_pylist(),
            page.rows["class"].to_pylist(),
            page.rows["run"].to_pylist(),
            strict=True,
        )
    ]
    assert len(rows) == wanted
    assert len(set(rows)) == wanted
    assert [r[0] for r in rows] == sorted((r[0] for r in rows), reverse=True)


@pytest.mark.parametrize(("address", "where"), [
    ({"verdicts": "deny"}, "verdict = 'deny'"), ({"classes": ["network", "process"]}, "class IN ('network', 'process')"),
    ({"operation": "exec"}, "operation = 'exec'"),
])  # fmt: skip
def test_counts_are_those_of_the_lake(searched, lake, address, where):
    assert searched(**address).total == total(lake, where)


def test_a_count_of_a_span_that_begins_within_an_hour(searched, lake):
    first, last = lake.query("SELECT min(time) AS a, max(time) AS b FROM activity").to_pylist()[0].values()
    middle = first + (last - first) / 2
    found = searched(span=(middle, last + timedelta(seconds=1)))
    assert found.total == total(lake, f"time >= '{middle.isoformat()}'")


def test_newer_is_what_was_there(searched):
    found = searched()
    before = found.found
    found.older()
    assert found.found is not before
    found.newer()
    assert found.found is before
    found.newer()
    assert found.found is before, "the first page stays"


def test_an_export_is_the_whole_search(searched, lake):
    found = searched(verdicts="deny")
    assert found.everything(100_000).num_rows == total(lake, "verdict = 'deny'")
    assert found.everything(3).num_rows == 3


@pytest.mark.parametrize("record", ["findings", "actions", "requests", "console"])
def test_other_records_are_few_and_one_question(searched, lake, record):
    table = {"requests": "request_log"}.get(record, record)
    found = searched(record=record)
    assert found.total is None
    assert found.found.rows.num_rows == min(PAGE, lake.query(f"SELECT count(*) AS n FROM {table}")["n"][0].as_py())
