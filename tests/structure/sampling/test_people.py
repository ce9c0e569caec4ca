"""Policies as hosts had them, and people's rows: the refused text is refused by the reader of policies itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline import schema
from pipeline.policy.load import load_policy
from pipeline.policy.source import PolicyError
from tools.sampling import judging, people


@pytest.fixture(scope="module")
def policies(runs, now):
    return list(people.policies(runs, now, 14))


def test_each_run_finds_its_policy_in_force_before_it_begins(policies, runs):
    for run in runs:
        for policy in judging.policies_of(run):
            mine = [p for p in policies if p["host"] == run.host.name and p.get("version") == policy.version]
            assert mine
            assert all(p["time"] < run.begins for p in mine)


def test_the_refused_one_is_refused(policies):
    (refused,) = [p for p in policies if p["state"] == "refused"]
    with pytest.raises(PolicyError) as told:
        load_policy(refused["text"], refused["file"])
    assert str(told.value) == refused["reason"]


def test_one_host_has_had_two_versions(policies):
    mine = [p for p in policies if p["host"] == "dev-anna" and p["policy"] == "claude-code"]
    assert len({p["version"] for p in mine}) == 2


def test_findings_are_triaged_after_they_were_found_and_before_now(runs, now):
    ages = [timedelta(seconds=1), timedelta(minutes=5), timedelta(minutes=70), timedelta(days=3)]
    found = {f"f{i}": now - age for i, age in enumerate(ages)}
    findings = [{"id": name, "time": at, "agent_run": runs[0].id} for name, at in found.items()]
    triage = [r for r in people.console(findings, runs, now, 14) if r["act"] == "triage"]
    assert {r["object"] for r in triage} == set(found)
    assert all(found[r["object"]] < r["time"] < now for r in triage)


def test_console_rows_fit_the_table_and_triage_speaks_of_findings(runs, now):
    found = [{"id": f"f{i}", "time": now - timedelta(days=3), "agent_run": runs[0].id} for i in range(30)]
    rows = list(people.console(found, runs, now, 14))
    assert {key for row in rows for key in row} <= {c.name for c in schema.TABLES["console"]}
    triage = [r for r in rows if r["act"] == "triage"]
    assert {r["object"] for r in triage} <= {f["id"] for f in found}
    assert all(r["note"] for r in triage if r["status"] in {"false_positive", "risk_accepted"})
    assert all(r["time"] < now for r in rows)
    order = [r for r in rows if r["act"] == "order"]
    assert [r["phase"] for r in order] == ["intent", "result"]
