"""A backtest is recorded before it begins, done beside the page, and its rows are those of the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards import context
from dashboards.interface import Account, DashboardError, Ports, Role
from dashboards.policing import trial
from dashboards.policing.draft import Draft
from lictor.dashboard.policy_tools import PolicyTools

ANN = Account("ann", Role.analyst, "local")
STRICT = "lictor: 1\nname: strict\ndefaults: { exec: deny, file.read: allow, file.write: allow, network: allow }\n"
LONG_AGO = datetime.now(UTC) - timedelta(days=36_000)


@pytest.fixture
def real(lake, journal):
    context.install(Ports(lake, journal, policies=PolicyTools(lake)))
    yield
    context._installed.clear()


def test_it_counts_what_would_be_stopped(real, lake):
    _, found = trial.begin(ANN, Draft("strict", "", "", STRICT), LONG_AGO).future.result(60)
    went = lake.query("SELECT count(*) AS n FROM activity WHERE operation = 'exec' AND outcome = 'success'")["n"][
        0
    ].as_py()
    assert found["broken"] == went
    rows = trial.rows(found).to_pylist()
    assert sum(r["broken"] for r in rows) == went
    assert {r["rule"] for r in rows if r["broken"]} == {"default:exec"}


def test_it_is_recorded_with_the_text_that_was_tried(real, journal):
    policy = Draft("strict", "v1", "", STRICT)
    trial.begin(ANN, policy, LONG_AGO).future.result(60)
    (row,) = journal.acts("search")
    assert (row["account"], row["object"], row["detail"]["sha256"]) == ("ann", "backtest strict", policy.sha256)


def test_what_cannot_be_recorded_is_not_begun(real, journal, monkeypatch):
    def broken(*_, **__):
        raise DashboardError("the lake cannot be written")

    monkeypatch.setattr(journal, "write", broken)
    policy = Draft("unrecorded", "v9", "", STRICT)
    with pytest.raises(DashboardError, match="cannot be written"):
        trial.begin(ANN, policy, LONG_AGO)
    assert trial.jobs.find(ANN, trial.name(policy)) is None


def test_no_runs_in_the_time_is_told(real):
    job = trial.begin(ANN, Draft("strict", "v2", "", STRICT), datetime.now(UTC) + timedelta(days=300))
    assert isinstance(job.future.exception(60), DashboardError)
    assert "no run has events there" in job.error


def test_each_version_that_is_edited_has_a_trial_of_its_own():
    assert trial.name(Draft("p", "v1", "", "a")) == trial.name(Draft("p", "v1", "", "b"))
    assert trial.name(Draft("p", "v1", "", "a")) != trial.name(Draft("p", "v2", "", "a"))
