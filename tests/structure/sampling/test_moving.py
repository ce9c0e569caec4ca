"""A moved session is the recorded one elsewhere: the same acts in the same order, with nothing left of where it was recorded."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest

from tools.sampling import moving


@pytest.fixture(scope="module")
def session():
    return moving.recorded("attack")


def test_the_acts_are_those_that_were_recorded(session, pick):
    moved = moving.moved(session, pick(sample="attack"))
    for name in ("operation", "errno", "class", "dst_ip"):
        assert moved[name].to_pylist() == session[name].to_pylist()


def test_nothing_is_left_of_where_it_was_recorded(session, pick):
    run = pick(sample="attack", user="anna")
    moved = moving.moved(session, run)
    texts = {v for n in ("exe", "cmdline", "cwd", "path", "path_to", "script") for v in moved[n].to_pylist() if v}
    assert not [t for t in texts if moving.RECORDED in t]
    assert f"{run.home}/.ssh/id_ed25519" in texts
    assert set(moved["host"].to_pylist()) == {"dev-anna"}
    assert set(moved["uid"].to_pylist()) == {1000}


def test_times_are_stretched_from_the_begin(session, pick):
    run = pick(sample="attack")
    moved = moving.moved(session, run)
    recorded = session["time_ns"].to_pylist()
    assert moved["time"][0].as_py() == run.begins
    assert moved["time_ns"][-1].as_py() - moved["time_ns"][0].as_py() == (recorded[-1] - recorded[0]) * run.stretch


def test_processes_keep_their_kinship_and_are_no_other_runs(session, runs):
    one, two = [r for r in runs if r.sample == "attack"][:2]
    keys = [set(moving.moved(session, r)["process_key"].to_pylist()) for r in (one, two)]
    assert not keys[0] & keys[1]
    moved = moving.moved(session, one)
    children = dict(zip(session["child_key"].to_pylist(), moved["child_key"].to_pylist(), strict=True))
    became = dict(zip(session["process_key"].to_pylist(), moved["process_key"].to_pylist(), strict=True))
    assert all(children[k] == became[k] for k in children.keys() & became.keys() if k)


def test_verdicts_are_taken_off(session, pick):
    moved = moving.moved(session, pick(sample="attack"))
    assert pc.count(session["verdict"]).as_py() > 0
    assert all(pc.count(moved[n]).as_py() == 0 for n in moving.JUDGED)


def test_only_codex_has_the_marks_of_codex(pick):
    session = moving.recorded("coding")
    assert pc.count(moving.moved(session, pick(sample="coding", agent="codex"))["marks"]).as_py() > 0
    assert pc.count(moving.moved(session, pick(sample="coding", agent="gemini-cli"))["marks"]).as_py() == 0
