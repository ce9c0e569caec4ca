from __future__ import annotations

import json

import pytest

from lictor.winservice import steps
from lictor.winservice.steps import Step, attempt


class WinError(Exception):
    pass


def fails():
    raise WinError(5, "CreateService", "Access is  denied.\n")


@pytest.mark.parametrize(
    ("act", "look", "state", "evidence"),
    [
        (lambda: "made", lambda: True, "confirmed", "made"),
        (lambda: "made", lambda: False, "failed", "made: it is not so"),
        (lambda: "made", lambda: None, "unverified", "made: the system does not tell"),
        (lambda: "made", fails, "unverified", "made: cannot be read back (Access is denied.)"),
        (fails, lambda: False, "failed", "x (Access is denied.): it is not so"),
        (fails, lambda: True, "confirmed", "x (Access is denied.)"),
    ],
)
def test_what_counts_is_what_is_there_afterwards(act, look, state, evidence):
    assert attempt("x", act, look) == Step("x", state, evidence)


@pytest.mark.parametrize(
    ("states", "status"), [((), 0), (("confirmed", "unverified"), 0), (("failed", "confirmed"), 1)]
)
def test_only_what_is_not_there_makes_an_exit_status(states, status):
    done = [Step("x", state, "y") for state in states]
    assert steps.exit_status(done) == status
    assert json.loads(steps.as_json(done, running=True)) == {
        "running": True, "ok": not status, "steps": [{"name": "x", "state": s, "evidence": "y"} for s in states],
    }  # fmt: skip


def test_a_line_for_each_step():
    assert steps.as_text([Step("service", "confirmed", "made"), Step("home", "failed", "no")]).splitlines() == [
        "confirmed   service        made", "failed      home           no",
    ]  # fmt: skip


def test_an_error_without_a_text_has_its_kind():
    assert steps.one_line(KeyError()) == "KeyError"
