"""An export is recorded before its bytes exist, is the whole answer or says that it is not, and needs the role."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import context, who
from dashboards.interface import Account, DashboardError, Ports, Role
from dashboards.parts import downloads

ROWS = pa.table({"n": range(10)})


@pytest.fixture
def analyst(journal):
    context.install(Ports(None, journal))
    who.recognise_by(lambda: Account("ann", Role.analyst, "local"))
    yield journal
    context._installed.clear()
    who._known.clear()


def test_the_record_is_there_before_the_rows_are_read(analyst):
    def rows(most):
        assert [r["phase"] for r in analyst.acts("export")] == ["intent"]
        assert most == downloads.MOST + 1
        return ROWS

    content, count, cut = downloads.prepared("audit", "JSON", rows, {"filters": {"agents": ["codex"]}})
    assert (count, cut) == (10, False)
    assert [r["n"] for r in json.loads(content)] == list(range(10))
    before, after = analyst.acts("export")
    assert before["detail"] == {"filters": {"agents": ["codex"]}, "format": "JSON"}
    assert (after["phase"], after["outcome"], after["detail"]["rows"], after["detail"]["cut"]) == ("result", "success", 10, False)  # fmt: skip


def test_what_cannot_be_recorded_is_not_read(analyst, monkeypatch):
    def broken(*_, **__):
        raise DashboardError("the lake cannot be written")

    monkeypatch.setattr(analyst, "write", broken)
    with pytest.raises(DashboardError, match="cannot be written"):
        downloads.prepared("audit", "CSV", lambda _: pytest.fail("read"), {})


def test_a_failure_is_recorded_too(analyst):
    def rows(_):
        raise DashboardError("the query took longer than 120 s")

    with pytest.raises(DashboardError):
        downloads.prepared("audit", "CSV", rows, {})
    assert [(r["phase"], r.get("outcome")) for r in analyst.acts("export")] == [("intent", None), ("result", "failure")]


def test_a_viewer_gets_no_bytes(analyst):
    who.recognise_by(lambda: Account("vic", Role.viewer, "local"))
    with pytest.raises(DashboardError, match="needs the role analyst"):
        downloads.prepared("audit", "CSV", lambda _: pytest.fail("read"), {})
    assert not analyst.rows


def test_rows_and_bytes_are_bounded():
    assert downloads.bounded(ROWS, 10, 1000) == (ROWS, False)
    kept, cut = downloads.bounded(ROWS, 4, 1000)
    assert (kept["n"].to_pylist(), cut) == ([0, 1, 2, 3], True)
    heavy = pa.table({"x": ["y" * 1000] * 100})
    kept, cut = downloads.bounded(heavy, 100, 50_000)
    assert cut
    assert 40 <= kept.num_rows <= 50
    assert downloads.bounded(heavy.slice(0, 1), 100, 10)[0].num_rows == 1


def test_the_file_has_the_time_in_its_name():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert downloads.file_name("audit-activity", "Parquet", moment) == "audit-activity-20260102T030405Z.parquet"


def script():
    import pyarrow as pa  # noqa: PLC0415 - the script of a page
    import streamlit as st  # noqa: PLC0415

    from dashboards.parts import downloads  # noqa: PLC0415

    table = pa.table({"n": range(st.session_state["rows"])})
    downloads.offer("x", "x", lambda most: table.slice(0, most), {"filters": st.session_state["filters"]})


def page(rows=10, filters="a"):
    at = AppTest.from_function(script)
    at.session_state["rows"], at.session_state["filters"] = rows, filters
    return at.run()


def test_two_steps_and_a_cut_that_is_told(analyst, monkeypatch):
    monkeypatch.setattr(downloads, "MOST", 4)
    at = page()
    assert not at.get("download_button")
    at.button[0].click().run()
    assert [b.label for b in at.get("download_button")] == ["Save 4 rows as CSV"]
    assert "Cut at 4 rows" in at.warning[0].value
    assert len(analyst.acts("export")) == 2


def test_a_file_of_another_question_is_not_offered(analyst):
    at = page()
    at.button[0].click().run()
    assert not at.warning
    assert at.get("download_button")
    at.session_state["filters"] = "b"
    at.run()
    assert not at.get("download_button")


def test_a_viewer_sees_why_there_is_none(analyst):
    who.recognise_by(lambda: Account("vic", Role.viewer, "local"))
    at = page()
    assert (at.button[0].disabled, at.button[0].help) == (True, "Needs the role analyst")
