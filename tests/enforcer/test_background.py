import threading

import pytest

from enforcer.background import Background
from enforcer.interface import Outcome

DONE = Outcome("confirmed", "done")


@pytest.fixture
def background():
    made = Background()
    yield made
    made.close()


def names():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lictor-deeds")]


def test_nothing_begins_before_the_first_deed():
    Background().close()
    assert names() == []


def test_a_deed_goes_on_while_nobody_waits(background):
    go = threading.Event()
    background.begin("a", lambda: DONE if go.wait(10) else Outcome("failed", "never let go"))
    assert background.wait("a", 0) is None
    assert background.wait("a", 0.01) is None
    go.set()
    assert background.wait("a", 10) == DONE


def test_deeds_follow_each_other_in_one_thread(background):
    order, go = [], threading.Event()

    def deed(name):
        def do():
            go.wait(10)
            order.append((name, threading.current_thread().name))
            return Outcome("confirmed", name)

        return do

    for name in "abc":
        background.begin(name, deed(name))
    assert background.wait("c", 0.01) is None
    go.set()
    assert [background.wait(name, 10).evidence for name in "cab"] == ["c", "a", "b"]
    assert [name for name, _ in order] == ["a", "b", "c"]
    assert len({thread for _, thread in order}) == 1


def test_a_defect_becomes_a_failure(background):
    def broken():
        raise ValueError("no such thing")

    background.begin("a", broken)
    assert background.wait("a", 10) == Outcome("failed", "ValueError: no such thing")


def test_close_waits_and_leaves_no_thread(background):
    ended = []
    go = threading.Event()
    background.begin("a", lambda: (go.wait(10), ended.append(1), DONE)[2])
    threading.Timer(0.05, go.set).start()
    background.close()
    assert ended == [1]
    assert names() == []
    assert background.wait("a", 0) == DONE
    background.close()  # twice is no harm


def test_after_close_it_begins_anew(background):
    background.close()
    background.begin("a", lambda: DONE)
    assert background.wait("a", 10) == DONE
