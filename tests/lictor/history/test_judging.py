from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.history import judging
from lictor.history.asking import Window
from lictor.history.judging import Judging
from lictor.history.runs import Selection, read_runs
from pipeline.policy.source import PolicyError


def told(_was, said):
    return said[0].verdict not in (None, "allow")


def test_each_run_is_judged_in_its_own_context(history):
    rows = [
        {"agent_run": run, "time_ns": history.begin, "operation": "file.write", "path": "/w/a/x"}
        for run in ("r1", "r2")
    ]
    lake = history.write(rows, [history.row("r1", "codex", "ann", "/w/a"), history.row("r2", "codex", "ann", "/w/b")])
    runs = read_runs(lake.query, Selection(), Window()).known
    found = Judging(lake.query, [[history.policy()]], Window(), told).run(runs)
    assert [(s.run, s.said[0].rule) for s in found.sums] == [("r2", "default:file.write")]
    assert (found.in_order, found.forgotten, found.out_of_scope) == ((), 0, {})


def test_programs_that_are_no_longer_remembered_are_made_anew(history, monkeypatch):
    lake = history.lake(1)
    runs = read_runs(lake.query, Selection(), Window()).known
    found = Judging(lake.query, [[history.policy()]], Window(), told).run(runs)
    monkeypatch.setattr(judging, "KEPT_PROGRAMS", 1)
    again = Judging(lake.query, [[history.policy()], [history.policy()]], Window(), told).run(runs)
    assert [(s.run, s.was, s.said, s.events) for s in found.sums] == [
        (s.run, s.was, s.said[:1], s.events) for s in again.sums
    ]
    assert all(s.said[0] == s.said[1] for s in again.sums)


def test_two_policies_of_one_name_are_refused_before_anything_is_asked(history):
    runs = read_runs(history.lake(1, 5).query, Selection(), Window()).known

    def never(_sql):
        pytest.fail("asked")

    with pytest.raises(PolicyError, match="already loaded"):
        Judging(never, [[history.policy(), history.policy()]], Window(), told).run(runs)
    unset = history.policy(
        "lictor: 1\nname: v\nrules: [{ id: a, on: exec, match: { path: '${V}/x' }, action: deny }]\n"
    )
    with pytest.raises(LictorError, match="give --env"):
        Judging(never, [[unset]], Window(), told).run(runs)
