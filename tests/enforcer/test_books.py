from functools import partial

import pytest

from enforcer import books as module
from enforcer.books import PROOF_SECONDS, SETTLE_SECONDS, Books
from enforcer.interface import GuardRefusal, Outcome, RunHandle
from enforcer.proof import ActionLog
from tests.enforcer.machine import batch, exit_row, order, pairs, results, story

DONE, LOST, OPEN = Outcome("confirmed", "seen"), Outcome("failed", "came to nothing"), Outcome("unverified", "written")
RUN = RunHandle("run")


class Bench:
    """Books with a clock that moves by hand and by waiting; ``told`` are the alarms."""

    def __init__(self, **more):
        self.now, self.told = 50.0, []
        log = ActionLog(lambda: int(self.now * 1e9), "h", "b")
        self.books = Books(log, lambda: self.now, alarm=lambda o, s: self.told.append((o, s)), **more)

    def begin(self, rung="run", handle=RUN):
        return self.books.begin(rung, order(), handle)

    def proof_after(self, looks, outcome=DONE):
        """A proof that shows at that look; each look waits as long as it may."""
        left = [looks]

        def prove(_, wait):
            left[0] -= 1
            self.now += wait
            return outcome if left[0] <= 0 else None

        return prove


@pytest.fixture
def bench():
    return Bench()


def test_an_intent_is_there_before_the_deed_and_a_result_after(bench):
    deed = bench.begin()
    bench.books.attempt(deed, lambda handle: DONE if handle is RUN else LOST, None)
    rows = pairs(bench.books.take())
    assert deed.outcome == DONE
    assert [row["id"] for row in rows] == [deed.id] * 2
    assert rows[1]["evidence"] == "seen"
    assert bench.books.take() is None


def test_what_is_about_to_be_done_goes_to_the_journal_first():
    journalled, done = [], []
    bench = Bench(journal=lambda rows: journalled.append((rows, list(done))))
    bench.books.attempt(bench.begin(), lambda _: done.append("deed") or DONE, None)
    ((rows, before),) = journalled
    assert story(rows) == [("intent", "kill", "userspace", None)]
    assert before == []
    assert story(bench.books.take()) == [("result", "kill", "userspace", "confirmed")]


def test_nothing_is_done_when_the_journal_cannot_be_written():
    def full(_):
        raise OSError(28, "No space left on device")

    bench = Bench(journal=full)
    with pytest.raises(OSError, match="No space"):
        bench.books.attempt(bench.begin(), lambda _: pytest.fail("done without a journal"), None)


def test_nothing_is_done_to_an_unknown_run(bench):
    deed = bench.begin(handle=None)
    bench.books.attempt(deed, lambda _: pytest.fail("done"), None)
    assert (deed.outcome.enforcement, deed.touched) == ("failed", False)
    assert "no run 'run' is known here" in pairs(bench.books.take())[1]["evidence"]


def refuse(*_):
    raise GuardRefusal("protected")


def test_a_refusal_is_a_failure_from_which_nothing_follows(bench):
    deed = bench.begin()
    deed.failed = lambda _: pytest.fail("climbed")
    bench.books.attempt(deed, refuse, None)
    assert (deed.outcome, deed.touched) == (Outcome("failed", "protected"), False)


@pytest.mark.parametrize("outcome", [DONE, LOST, OPEN])
def test_what_follows_hangs_on_the_outcome_and_comes_once(bench, outcome):
    followed = []
    deed = bench.begin()
    deed.confirmed, deed.failed = partial(followed.append), lambda d: followed.append(("failed", d))
    bench.books.attempt(deed, lambda _: outcome, None)
    expected = {"confirmed": [deed], "failed": [("failed", deed)], "unverified": []}[outcome.enforcement]
    assert followed == expected
    assert deed.touched
    assert results(bench.books.take()) == [("kill", outcome.enforcement)]
    bench.books.check(0)
    assert followed == expected


def test_what_follows_comes_after_the_result_is_written(bench):
    deed = bench.begin()
    deed.failed = lambda d: bench.books.attempt(bench.books.begin("next", d.order, d.handle), lambda _: DONE, None)
    bench.books.attempt(deed, lambda _: LOST, None)
    assert [row["phase"] for row in bench.books.take().to_pylist()] == ["intent", "result"] * 2


def test_every_failure_is_told_and_nothing_else(bench):
    for outcome in (DONE, LOST, OPEN):
        bench.books.attempt(bench.begin(), lambda _, seen=outcome: seen, None)
    bench.books.attempt(bench.begin(), refuse, None)
    bench.books.attempt(bench.begin(handle=None), lambda _: DONE, None)
    assert [seen.evidence for _, seen in bench.told] == [
        "came to nothing", "protected", "no run 'run' is known here; not touched",
    ]  # fmt: skip


# Proofs that come later


def test_a_proof_is_awaited_and_says_what_was_done(bench):
    deed = bench.begin()
    bench.books.attempt(deed, lambda _: OPEN, bench.proof_after(2))
    assert (deed.outcome, bench.books.pending) == (None, 1)
    bench.books.check(0)
    assert deed.outcome is None
    bench.books.check(0)
    assert deed.outcome == DONE
    assert bench.books.pending == 0
    assert pairs(bench.books.take())[1]["evidence"] == "written; seen"


def test_a_deed_without_proof_is_given_up_once_and_told(bench):
    deed, followed = bench.begin(), []
    deed.failed = followed.append
    bench.books.attempt(deed, lambda _: OPEN, bench.proof_after(10**6))
    bench.now += PROOF_SECONDS / 2
    bench.books.check(1)
    assert deed.outcome is None
    bench.now += PROOF_SECONDS
    bench.books.check(1)
    bench.books.check(1)
    assert followed == [deed]
    assert pairs(bench.books.take())[1]["evidence"] == "written; no proof of it within 2 s"
    assert len(bench.told) == 1


def test_a_proof_at_the_last_moment_counts(bench):
    deed = bench.begin()
    bench.books.attempt(deed, lambda _: OPEN, bench.proof_after(1))
    bench.now += 100 * PROOF_SECONDS
    bench.books.check(1)
    assert deed.outcome == DONE


def test_a_deed_may_take_its_own_time(bench):
    deed = bench.begin()
    bench.books.attempt(deed, lambda _: OPEN, bench.proof_after(10**6), 600.0)
    bench.now += 599
    bench.books.check(1)
    assert deed.outcome is None
    bench.now += 1
    bench.books.check(1)
    assert deed.outcome.enforcement == "failed"


def test_a_refusal_while_the_proof_is_looked_for_is_a_failure(bench):
    deed = bench.begin()
    bench.books.attempt(deed, lambda _: OPEN, refuse)
    bench.books.check(0)
    assert deed.outcome == Outcome("failed", "protected")


def test_the_wait_of_one_look_is_bounded_and_old_deeds_are_not_waited_for(bench):
    for _ in range(50):
        bench.books.attempt(bench.begin(), lambda _: OPEN, bench.proof_after(10**6))
    before = bench.now
    bench.books.check(0)
    assert bench.now - before == pytest.approx(SETTLE_SECONDS)
    bench.books.check(50)
    assert bench.now - before == pytest.approx(SETTLE_SECONDS)


def test_many_are_looked_at_in_turns(bench, monkeypatch):
    monkeypatch.setattr(module, "_CHECKS", 10)
    for _ in range(35):
        bench.books.attempt(bench.begin(), lambda _: OPEN, bench.proof_after(1))
    left = []
    while bench.books.pending:
        bench.books.check(bench.books.pending)
        left.append(bench.books.pending)
    assert left == [25, 15, 5, 0]
    assert len(pairs(bench.books.take())) == 70


def test_what_follows_may_look_at_the_others_itself(bench):
    """A decision that follows from a proof waits for its own, in the midst of a look at all of them."""
    deeds = [bench.begin() for _ in range(5)]
    for deed in deeds:
        deed.confirmed = lambda _: bench.books.check(0)
        bench.books.attempt(deed, lambda _: OPEN, bench.proof_after(1))
    bench.books.check(0)
    assert [deed.outcome for deed in deeds] == [DONE] * 5
    assert len(pairs(bench.books.take())) == 10


def test_what_follows_is_not_looked_at_in_the_same_turn(bench):
    """Else a deed that climbs and climbs would hold up all events."""

    def again(deed):
        bench.books.attempt(bench.begin(), lambda _: OPEN, bench.proof_after(1, LOST))
        deed.outcome = LOST

    first = bench.begin()
    first.failed = again
    bench.books.attempt(first, lambda _: OPEN, bench.proof_after(1, LOST))
    bench.books.check(0)
    assert bench.books.pending == 1


def test_ends_that_were_seen_reach_the_proofs(bench):
    seen = {}

    def prove(ends, _):
        seen.update(ends)
        return DONE

    bench.books.exits.add(batch(exit_row(7), exit_row(8, 0, 3)))
    bench.books.attempt(bench.begin(), lambda _: OPEN, prove)
    bench.books.check(0)
    assert {key: end.enforcement for key, end in seen.items()} == {7: "confirmed"}  # nobody asks about 8


def test_a_deed_that_came_to_nothing_stands_for_a_moment(bench):
    deed = bench.begin()
    assert not bench.books.came_to_nothing(deed)
    bench.books.attempt(deed, lambda _: LOST, None)
    assert bench.books.came_to_nothing(deed)
    bench.now += PROOF_SECONDS
    assert not bench.books.came_to_nothing(deed)
    done = bench.begin()
    bench.books.attempt(done, lambda _: DONE, None)
    assert not bench.books.came_to_nothing(done)
