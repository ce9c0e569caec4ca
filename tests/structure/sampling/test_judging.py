"""Verdicts come from the policies; an enforcing run has proofs beside them, one in audit mode has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.policy.testing import run_tests
from tools.sampling import asides, judging, moving


@pytest.fixture(scope="module")
def judge():
    session = moving.recorded("attack")
    return lambda run: judging.judged(asides.beside(moving.moved(session, run), run), run)


def rows_of(made, verdict):
    return [r for r in made.activity.to_pylist() if r["verdict"] == verdict]


def test_what_was_denied_when_it_was_recorded_is_denied_again(judge, pick):
    made = judge(pick(sample="attack", policy="sample", mode="enforce"))
    denied = rows_of(made, "deny")
    assert {"credentials", "shell-start-up", "exfiltration"} <= {r["rule"] for r in denied}
    assert made.run["denied"] == len(denied)
    assert all(r["enforcement"] in {"confirmed", "unverified", "failed"} and r["action"] == "deny" for r in denied)
    assert all((r["outcome"] == "success") == (r["enforcement"] == "failed") for r in denied)


def test_in_audit_mode_nothing_is_done(judge, runs):
    run = next(r for r in runs if r.sample == "attack" and r.mode == "audit" and r.policy != "observe")
    made = judge(run)
    denied = [r for r in made.activity.to_pylist() if r["verdict"] in judging.ACTING]
    assert denied
    assert made.acted == []
    assert all(r["action"] is None and r["outcome"] == "success" for r in denied)


def test_an_unmanaged_run_has_no_verdicts(judge, pick):
    made = judge(pick(sample="attack", mode="none"))
    assert set(made.activity["verdict"].to_pylist()) == {None}
    assert set(made.activity["outcome"].to_pylist()) <= {"success", "failure"}
    assert made.run["policy"] is None


def test_a_run_that_goes_on_has_no_end(judge, pick):
    made = judge(pick(goes_on=True))
    assert (made.run["state"], made.run["ended"], made.run["exit_code"]) == ("started", None, None)


def test_policies_are_named_as_on_the_hosts(pick):
    (policy,) = judging.policies_of(pick(policy="claude-code"))
    assert all(name.startswith(judging.INSTALLED) for name in policy.texts)
    assert str(Path.cwd()) not in str(policy.texts.keys())
    changed = judging.installed(judging.policy_file(pick(policy="claude-code")), ("severity: medium", "severity: low"))
    assert changed.version != policy.version


def test_the_samples_own_policy_passes_its_tests(pick):
    run = pick(policy="careful")
    results = run_tests(judging.policies_of(run)[0], judging.context_of(run))
    assert results
    assert all(r.passed for r in results)
