"""The activity explorer: counts and rows are the lake's, sets and facets narrow, nonsense in the address is said."""

from __future__ import annotations

import pytest

from dashboards.exploring.choice import SETS
from dashboards.interface import Role

ALL = {"since": "3650d"}


def rows(at):
    return next(d.value for d in at.dataframe if "activity" in d.value.columns)


def test_events_are_counted_and_the_newest_rows_shown(stage, lake):
    at = stage.page("explorer", query=ALL)
    assert not at.exception
    total = lake.query("SELECT count(*) AS n FROM activity")["n"][0].as_py()
    assert any(f"{total:,} events" in c.value for c in at.caption)
    newest = lake.query("SELECT max(time) AS t FROM activity")["t"][0].as_py()
    assert rows(at)["time"].max() == newest


@pytest.mark.parametrize(("query", "where"), [
    ({"activity": ["File delete"]}, "operation = 'file.delete'"),
    ({"verdict": ["deny"]}, "verdict = 'deny'"),
    ({"set": ["blocked"]}, "verdict IN ('ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill')"),
    ({"kind": ["SSH key"]}, "sensitive_kind = 'SSH key'"),
    ({"scope": ["loopback"]}, "dst_scope = 'loopback'"),
])  # fmt: skip
def test_filters_are_those_of_the_lake(stage, lake, query, where):
    at = stage.page("explorer", query={**ALL, **query})
    assert not at.exception
    wanted = lake.query(f"SELECT count(*) AS n FROM activity_in_context WHERE {where}")["n"][0].as_py()
    assert wanted > 0
    assert len(rows(at)) == min(wanted, 300)


@pytest.mark.parametrize("name", list(SETS))
def test_each_set_can_be_chosen(stage, name):
    at = stage.page("explorer", query={**ALL, "set": name})
    assert not at.exception
    assert not at.warning


def test_what_no_filter_knows_is_said(stage):
    at = stage.page("explorer", query={**ALL, "activity": ["Flying"], "set": "everything"})
    assert not at.exception
    assert at.warning
    assert "Flying" in at.code[0].value


def test_a_viewer_cannot_export_and_sees_no_command_lines(stage):
    at = stage.page("explorer", query=ALL, role=Role.viewer)
    assert not at.exception
    assert next(b for b in at.button if b.label == "Export").disabled
