from __future__ import annotations

import os
import signal
import time

import pytest

from enforcer.linux.signalled import Signalled

FORKS = "echo ready; read line; while :; do (:); sleep 0.01; done"


@pytest.fixture
def tree(grow):
    return grow()


def stands(tree, state):
    return all(state(pid) == "T" for pid in tree.pids())


def test_a_tree_stands_and_goes_on(tree, state, until):
    run = Signalled(tree.tagged)
    assert sorted(run.pids()) == sorted(tree.pids())
    assert run.freeze(5)
    assert until(lambda: stands(tree, state))
    assert run.thaw(5)
    assert not any(state(pid) == "T" for pid in tree.pids())


def test_whoever_forks_all_the_time_is_caught_with_its_children(grow, state, until):
    tree = grow(FORKS)
    tree.process.stdin.write(b"go\n")
    tree.process.stdin.flush()
    run = Signalled(tree.tagged)
    assert until(lambda: run.freeze(0))
    assert until(lambda: stands(tree, state))
    before = sorted(tree.pids())
    time.sleep(0.2)
    assert sorted(tree.pids()) == before
    assert run.thaw(5)


def test_whom_somebody_else_had_stopped_stays_so(tree, state, until):
    other = max(tree.pids())
    os.kill(other, signal.SIGSTOP)
    assert until(lambda: state(other) == "T")
    run = Signalled(tree.tagged)
    assert run.freeze(5)
    assert run.thaw(5)
    assert [pid for pid in tree.pids() if state(pid) == "T"] == [other]


def test_another_process_with_the_pid_of_one_is_not_touched(tree, state):
    run = Signalled(lambda: [(pid, key ^ 1) for pid, key in tree.tagged()])
    assert run.pids() == []
    assert run.freeze(0)
    assert run.wait_empty(0)
    assert not any(state(pid) == "T" for pid in tree.pids())


def test_all_of_it_is_ended_also_while_it_stands(tree):
    run = Signalled(tree.tagged)
    assert run.freeze(5)
    assert not run.wait_empty(0)
    run.kill()
    assert run.wait_empty(5)
    assert run.thaw(0)


def test_who_may_not_be_signalled_is_not_said_to_stand(tree, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)
    assert not Signalled(tree.tagged).freeze(0.05)


def test_one_that_ended_while_it_stood_holds_nothing_up(tree, until):
    run = Signalled(tree.tagged)
    assert run.freeze(5)
    for pid in tree.pids():
        os.kill(pid, signal.SIGKILL)
    tree.process.wait()
    assert until(lambda: not tree.pids())
    assert run.thaw(0)
