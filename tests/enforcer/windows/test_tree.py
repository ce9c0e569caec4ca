from __future__ import annotations

import pytest

from enforcer.interface import GuardRefusal
from enforcer.windows import process, tree
from enforcer.windows.snapshot import Seen

SEEN = [Seen(8, 4, "a"), Seen(12, 8, "b"), Seen(16, 12, "c"), Seen(20, 8, "d"), Seen(24, 4, "e"), Seen(28, 16, "f")]
TIMES = {8: 100, 12: 110, 16: 120, 20: 90, 24: 100, 28: 130}


def test_tree_has_parents_first_and_nobody_older_than_the_parent():
    assert [one.pid for one in tree.below([8], SEEN, TIMES)] == [8, 12, 16, 28]


def test_who_cannot_be_asked_for_its_time_is_left_out_with_all_below():
    assert [one.pid for one in tree.below([8], SEEN, {k: v for k, v in TIMES.items() if k != 12})] == [8]


def test_circle_of_used_pids_ends():
    seen = [Seen(8, 12, "a"), Seen(12, 8, "b")]
    assert [one.pid for one in tree.below([8], seen, {8: 1, 12: 1})] == [8, 12]


class FakeJob:
    def __init__(self, denied=()):
        self.members, self.denied, self.closed = [], denied, False

    def pids(self):
        return list(self.members)

    def add_known(self, pid, _key):
        if pid in self.denied:
            raise PermissionError(5, "access denied")
        self.members.append(pid)

    def kill(self):
        self.members.clear()

    def wait_empty(self, _timeout):
        return not self.members

    def close(self):
        self.closed = True


@pytest.fixture
def looks(monkeypatch):
    """Function: what each look at the machine gives, the last one for ever."""

    def give(*each):
        left = list(each)
        monkeypatch.setattr(
            tree,
            "look",
            lambda _known: [tree.Member(p, 10**17 * 2 + p) for p in (left.pop(0) if left[1:] else left[0])],
        )

    return give


def test_looks_go_on_until_two_agree(looks):
    looks([8], [8, 12], [8, 12, 16])
    group = tree.AttachedGroup(list, lambda _p, _k: None, FakeJob())
    group.settle(2)
    assert group.job.members == [8, 12, 16]


def test_tree_that_never_ends_growing_is_an_error(looks):
    looks(*[list(range(4, 4 * n, 4)) for n in range(2, 5000)])
    with pytest.raises(OSError, match="faster than"):
        tree.AttachedGroup(list, lambda _p, _k: None, FakeJob()).settle(0.01)


def test_who_is_denied_is_ended_one_by_one_parents_first(looks, monkeypatch):
    looks([8, 12, 16])
    living, ended = {12, 16}, []
    monkeypatch.setattr(process, "alive", lambda pid, _key: pid in living)

    def kill(pid, _key, _timeout):
        ended.append(pid)
        living.discard(pid)

    monkeypatch.setattr(process, "kill_process", kill)
    group = tree.AttachedGroup(list, lambda _p, _k: None, FakeJob(denied={12, 16}))
    group.settle(1)
    assert group.pids() == [8, 12, 16]
    group.kill()
    assert ended == [12, 16]
    assert group.wait_empty(1)


def test_refusal_comes_before_anything_is_done_to_that_process(looks, monkeypatch):
    looks([8, 12])
    made = FakeJob()
    monkeypatch.setattr(tree, "Job", lambda: made)

    def check(pid, _key):
        if pid == 12:
            raise GuardRefusal("no")

    with pytest.raises(GuardRefusal):
        tree.gather(list, check)
    assert 12 not in made.members
    assert made.closed


def test_whoever_listens_is_told_of_those_beside_the_job_too():
    class Listened(FakeJob):
        halts = ("inside",)

        def tell(self, tell):
            self.listener = tell

    group, told = tree.AttachedGroup(list, lambda _p, _k: None, Listened()), []
    group.tell(told.append)
    group.job.listener("one")
    group._freezer.tell("two")
    assert told == ["one", "two"]
    assert group.halts == ["inside"]
