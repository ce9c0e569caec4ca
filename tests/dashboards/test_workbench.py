"""Long questions go to a lake of their own, are recorded with their text, and are cut where it is said."""

from __future__ import annotations

import pytest

from dashboards import context, who, workbench
from dashboards.interface import Account, DashboardError, Ports, Role
from tests.dashboards.conftest import Remembering


@pytest.fixture
def desk(lake):
    state = {"account": Account("ben", Role.analyst, "local"), "journal": Remembering()}
    context.install(Ports(None, state["journal"], workbench=lake))
    who.recognise_by(lambda: state["account"])
    yield state
    context._installed.clear()
    who._known.clear()


def test_an_answer_is_recorded_with_its_text(desk):
    answer = workbench.run("SELECT 1 AS n", page="hunting", name="sql", detail={"more": 1})
    assert answer.rows.to_pylist() == [{"n": 1}]
    assert not answer.cut
    [row] = desk["journal"].rows
    assert (row["act"], row["outcome"], row["object"]) == ("search", "success", "sql")
    assert row["detail"] == {"more": 1, "sql": "SELECT 1 AS n", "rows": 1, "cut": False}


def test_a_failure_is_recorded_too(desk):
    with pytest.raises(DashboardError, match="nothing"):
        workbench.run("SELECT nothing", page="hunting", name="sql")
    assert desk["journal"].rows[-1]["outcome"] == "failure"


def test_many_rows_are_cut_and_it_is_said(desk):
    answer = workbench.run(f"SELECT * FROM range({workbench.ROWS + 5})", page="hunting", name="sql")
    assert answer.cut
    assert answer.rows.num_rows == workbench.ROWS


def test_a_viewer_is_refused_before_anything_is_asked(desk):
    desk["account"] = Account("ann", Role.viewer, "local")
    with pytest.raises(DashboardError, match="analyst"):
        workbench.run("SELECT 1", page="hunting", name="sql")
    assert desk["journal"].rows == []


def test_a_question_of_a_page_with_its_values(desk, lake):
    rows = workbench.ask("audit_findings", limit=1, since="2020-01-01", until="2100-01-01")
    assert rows.num_rows == 1
    with pytest.raises(DashboardError, match="no question"):
        workbench.ask("nothing", limit=1)
