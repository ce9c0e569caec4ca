import pytest

from enforcer.books import Books
from enforcer.decisions import LIMIT, Decision, Decisions
from enforcer.holds import Hold, Holds
from enforcer.proof import ActionLog
from enforcer.rungs import Rungs
from tests.enforcer.machine import Machine, order, pairs, results


class Bench:
    """Decisions about a run that stands still; ``decided`` holds (id, then, actor, enforcement) of each answer."""

    def __init__(self):
        self.machine, self.holds, self.decided = Machine(), Holds(), []
        log = ActionLog(lambda: int(self.machine.now * 1e9), "h", "b")
        self.books = Books(log, lambda: self.machine.now)
        self.rungs = Rungs(self.machine, self.books, self.holds)
        self.handles = {"run": self.machine.handle()}
        self.decisions = Decisions(self.machine, self.books, self.rungs, self.holds, self.handles.get, self.note)
        self.machine.frozen = {"run"}

    def note(self, hold, decision, outcome):
        self.decided.append((hold.id, decision.then, decision.actor, outcome.enforcement))

    def hold(self, name="a", key=7, operation="file.read", **more):
        made = Hold(name, order("ask", key, rule=name), 700.0, 600.0, "deny", operation, **more)
        self.holds.add(made)
        return made

    def inline(self, name="a", key=7):
        """A question of a process that the kernel stopped."""
        self.machine.stopped.add(key)
        return self.hold(name, key, stopped=True)

    def decide(self, hold, then, actor="alice"):
        return self.decisions.decide(hold, Decision(then, actor, "because"))

    def left(self):
        return [hold.id for hold in self.holds]


@pytest.fixture
def bench():
    return Bench()


def test_release_lets_the_process_and_then_the_run_go_on(bench):
    outcome = bench.decide(bench.inline(), "release")
    assert outcome.confirmed
    assert outcome.evidence == "stopped no more; frozen 0"
    assert bench.machine.calls == [("continue", 7), ("thaw", "run")]
    assert (bench.machine.stopped, bench.machine.frozen, bench.machine.dead) == (set(), set(), set())
    assert bench.decided == [("a", "release", "alice", "confirmed")]


def test_what_was_not_stopped_by_itself_needs_no_word_of_its_own(bench):
    assert bench.decide(bench.hold(), "release").confirmed
    assert bench.machine.calls == [("thaw", "run")]


def test_deny_ends_the_process_while_it_stands_still_and_the_rest_goes_on(bench):
    outcome = bench.decide(bench.inline(), "deny")
    assert outcome.confirmed
    assert bench.machine.calls == [("process", 7), ("thaw", "run")]
    assert bench.machine.dead == {7}


def test_an_end_that_shows_a_moment_later_is_waited_for(bench):
    bench.machine.slow = {"process"}
    outcome = bench.decide(bench.inline(), "deny")
    assert outcome.evidence == "/proc shows it gone; frozen 0"
    assert outcome.confirmed


def test_an_end_that_does_not_show_is_never_claimed(bench):
    bench.machine.immortal = {7}
    assert bench.decide(bench.inline(), "deny").enforcement == "unverified"
    assert bench.decided == [("a", "deny", "alice", "unverified")]


def test_a_refused_connection_is_denied_already(bench):
    """The process was stopped with its call refused: it goes on, and finds it refused."""
    bench.machine.stopped = {7}
    assert bench.decide(bench.hold(operation="net.connect", stopped=True), "deny").confirmed
    assert bench.machine.calls == [("continue", 7), ("thaw", "run")]
    assert (bench.machine.dead, bench.machine.stopped) == (set(), set())


def test_a_connection_that_stands_is_not_taken_for_denied(bench):
    for stopped in (False, True):
        bench.decide(bench.hold(operation="net.connect", stopped=stopped, done=True), "deny")
        assert bench.machine.dead == {7}
        bench.machine.dead.clear()


def test_kill_ends_the_run_and_answers_all_of_it(bench):
    one, _ = bench.inline(), bench.hold("b", 8)
    assert bench.decide(one, "kill").confirmed
    assert bench.machine.dead == {7, 8}
    assert bench.machine.calls == [("run", "run")]
    assert bench.decided == [("a", "kill", "alice", "confirmed"), ("b", "kill", "alice", "confirmed")]
    assert bench.left() == []


# Several questions


@pytest.mark.parametrize("then", ["release", "deny"])
def test_the_run_goes_on_with_its_last_question_only(bench, then):
    holds = [bench.inline(), bench.hold("b", 8), bench.hold("c", 8, operation=None)]
    evidences = []
    for hold in holds:
        assert bench.machine.frozen == {"run"}
        evidences.append(bench.decide(hold, then).evidence)
    assert bench.machine.frozen == set()
    assert bench.machine.did("thaw") == [("thaw", "run")]
    assert evidences[0].endswith("2 more questions keep the run frozen")
    assert evidences[1].endswith("one more question keeps the run frozen")


def test_other_runs_keep_nothing_frozen(bench):
    bench.holds.add(Hold("other", order("ask", 9, "other"), 700.0, 600.0, "deny"))
    bench.decide(bench.hold(), "release")
    assert bench.machine.frozen == set()
    assert bench.left() == ["other"]


def test_what_is_denied_to_a_process_answers_all_that_it_asked(bench):
    one, _, _ = bench.inline(), bench.inline("b"), bench.hold("c", 8)
    bench.decide(one, "deny")
    assert bench.left() == ["c"]
    assert [name for name, *_ in bench.decided] == ["a", "b"]


def test_what_is_released_or_refused_answers_nothing_else(bench):
    one, two, three = bench.hold(), bench.hold("b"), bench.hold("c", operation="net.connect")
    bench.decide(one, "release")
    bench.decide(three, "deny")
    assert bench.left() == [two.id]


def test_a_run_that_a_person_froze_stays_so_when_its_root_is_denied_something(bench):
    one, _ = bench.inline(), bench.hold("by-hand", operation=None)
    bench.decide(one, "deny")
    assert bench.left() == ["by-hand"]
    assert bench.machine.frozen == {"run"}


# Who


def test_rows_stand_under_the_name_of_who_decided(bench):
    bench.decide(bench.inline(), "deny", "bob")
    rows = pairs(bench.books.take())
    assert {(row["actor"], row["enforced_at"]) for row in rows} == {("bob", "userspace")}
    assert [row["action"] for row in rows] == ["kill", "kill", "release", "release"]


def test_a_question_is_answered_once(bench):
    hold = bench.inline()
    bench.decide(hold, "release")
    before = list(bench.machine.calls)
    assert bench.decide(hold, "kill").enforcement == "failed"
    assert bench.machine.calls == before
    assert len(bench.decided) == 1


def test_a_run_that_has_ended_is_answered_without_a_deed(bench):
    hold = bench.inline()
    bench.handles.clear()
    assert bench.decide(hold, "release").enforcement == "failed"
    assert bench.machine.calls == []
    assert bench.left() == []


# Answers that come to nothing


@pytest.mark.parametrize("how", ["failing", "refused"])
@pytest.mark.parametrize(
    ("then", "deed"), [("kill", "run"), ("deny", "process"), ("release", "thaw"), ("deny", "thaw")]
)
def test_a_question_whose_answer_came_to_nothing_is_open_again(bench, how, then, deed):
    setattr(bench.machine, how, {deed if (how, deed) != ("refused", "process") else 7})
    hold = bench.inline()
    assert bench.decide(hold, then).enforcement == "failed"
    assert bench.left() == ["a"]
    assert bench.machine.frozen == {"run"}
    assert bench.decided == []
    setattr(bench.machine, how, set())
    (again,) = bench.holds
    assert again.due == hold.due
    assert bench.decide(again, then).enforcement != "failed"
    assert bench.left() == []


def test_a_limit_that_came_to_nothing_begins_anew(bench):
    bench.machine.failing = {"run"}
    hold = bench.hold()
    bench.decide(hold, "kill", LIMIT)
    (again,) = bench.holds
    assert again.due == hold.due + hold.seconds


def test_a_process_that_ended_by_itself_holds_up_nobody(bench):
    """Somebody else killed it while it stood still: there is nothing left to deny, and the run must not wait for it."""
    hold = bench.inline()
    bench.machine.dead = {7}
    bench.decide(hold, "deny", LIMIT)
    assert bench.machine.frozen == set()
    assert bench.left() == []


def test_a_run_of_which_nobody_is_left_is_asked_about_no_more(bench):
    bench.machine.failing, bench.machine.dead = {"run", "thaw"}, {7, 8}
    for then in ("kill", "release"):
        bench.decide(bench.hold(), then)
        assert bench.left() == []


def test_one_that_cannot_be_told_to_go_on_does_not_hold_up_the_rest(bench):
    bench.machine.failing = {"continue"}
    assert bench.decide(bench.inline(), "release").enforcement == "failed"
    assert bench.machine.frozen == set()
    assert bench.left() == []


def test_every_row_has_its_pair(bench):
    bench.machine.failing = {"thaw"}
    bench.decide(bench.inline(), "release")
    assert results(bench.books.take()) == [("release", "confirmed"), ("release", "failed")]
