"""Long questions go to a lake of their own, are recorded with their text before anything is shown, and are cut where it is said."""

from __future__ import annotations

import time

import pytest

from dashboards import context, who, workbench
from dashboards.interface import Account, DashboardError, Ports, Role
from dashboards.parts.jobs import jobs
from dashboards.workbench import Question
from tests.dashboards.conftest import Remembering

BEN = Account("ben", Role.analyst, "local")


@pytest.fixture
def desk(lake):
    state = {"account": BEN, "journal": Remembering()}
    context.install(Ports(None, state["journal"], workbench=lake))
    who.recognise_by(lambda: state["account"])
    yield state
    jobs.forget(BEN, "k")
    context._installed.clear()
    who._known.clear()


def asked(sql):
    """The answer of work beside the page."""
    return workbench.start("k", Question(sql, "sql", "about", detail={"more": 1})).future.result(60)


def test_an_answer_is_recorded_with_its_text(desk):
    answer = asked("SELECT 1 AS n")
    assert answer.rows.to_pylist() == [{"n": 1}]
    assert (answer.cut, answer.question.sql) == (False, "SELECT 1 AS n")
    [row] = desk["journal"].rows
    assert (row["account"], row["act"], row["outcome"], row["page"], row["object"]) == ("ben", "search", "success", "hunting", "sql")  # fmt: skip
    assert row["detail"] == {"more": 1, "sql": "SELECT 1 AS n", "rows": 1, "cut": False}


def test_a_failure_is_recorded_too(desk):
    with pytest.raises(DashboardError, match="nothing"):
        asked("SELECT nothing")
    assert desk["journal"].rows[-1]["outcome"] == "failure"


def test_what_cannot_be_recorded_has_no_answer(desk, monkeypatch):
    def broken(*_, **__):
        raise DashboardError("the lake cannot be written")

    monkeypatch.setattr(desk["journal"], "write", broken)
    with pytest.raises(DashboardError, match="cannot be written"):
        asked("SELECT 1")


def test_many_rows_and_many_bytes_are_cut_and_it_is_said(desk, monkeypatch):
    answer = asked(f"SELECT * FROM range({workbench.ROWS + 5})")
    assert answer.cut
    assert answer.rows.num_rows == workbench.ROWS
    monkeypatch.setattr(workbench, "BYTES", 100_000)
    answer = asked("SELECT repeat('x', 1000) AS x FROM range(1000)")
    assert answer.cut
    assert 50 < answer.rows.num_rows < 120
    assert answer.rows.get_total_buffer_size() < 200_000, "what is left out is not kept in memory"


def test_a_viewer_is_refused_before_anything_is_asked(desk):
    desk["account"] = Account("ann", Role.viewer, "local")
    with pytest.raises(DashboardError, match="analyst"):
        workbench.start("k", Question("SELECT 1", "sql", "about"))
    assert desk["journal"].rows == []


def test_the_page_does_not_wait(desk, lake):
    class Slow:
        def query(self, sql, **more):
            time.sleep(0.5)
            return lake.query(sql, **more)

    context.install(Ports(None, desk["journal"], workbench=Slow()))
    began = time.monotonic()
    job = workbench.start("k", Question("SELECT 1 AS n", "sql", "about"))
    assert time.monotonic() - began < 0.4
    assert job.future.result(60).rows.num_rows == 1


def test_a_question_of_a_page_with_its_values(desk):
    rows = workbench.ask("audit_findings", limit=1, since="2020-01-01", until="2100-01-01")
    assert rows.num_rows == 1
    with pytest.raises(DashboardError, match="no question"):
        workbench.ask("nothing", limit=1)


def test_content_is_hidden_from_a_viewer(desk):
    desk["account"] = Account("ann", Role.viewer, "local")
    rows = workbench.query("SELECT cmdline FROM activity WHERE cmdline IS NOT NULL", limit=1)
    assert rows["cmdline"].to_pylist() == ["hidden: needs the role analyst"]
