import pytest

from enforcer.books import PROOF_SECONDS, Books
from enforcer.holds import Hold, Holds
from enforcer.proof import ActionLog
from enforcer.rungs import QUARANTINE_SECONDS, Rungs
from enforcer.selection import Asked
from tests.enforcer.machine import Machine, batch, exit_row, order, pairs, results

NAMES = {"process": "kill", "freeze": "freeze", "cut": "isolate", "run": "kill"}


class Bench:
    """Rungs on a made-up machine; ``asked`` are the freezes about which somebody would be asked."""

    def __init__(self):
        self.machine, self.holds, self.asked, self.alarms = Machine(), Holds(), [], []
        log = ActionLog(lambda: int(self.machine.now * 1e9), "h", "b")
        self.books = Books(log, lambda: self.machine.now, alarm=lambda o, _: self.alarms.append(o.action))
        self.rungs = Rungs(self.machine, self.books, self.holds, self.asked.append)
        self.handle = self.machine.handle()

    def settle(self):
        """Let proofs come, or their time pass; results of all rows so far, each of which has its pair."""
        while self.books.pending:
            self.machine.now += PROOF_SECONDS
            self.books.check(self.books.pending)
        return results_of(self.books.take())

    def hold(self, key=8):
        self.holds.add(Hold(f"hold-{key}", order("ask", key), 1000.0, 600.0, "deny"))


def results_of(rows):
    pairs(rows)
    return results(rows)


@pytest.fixture
def bench():
    return Bench()


def inline(**more):
    row = {"run": "run", "process_key": 7, "pid": 70, "rule": "x", "policy": "p", "verdict": "deny", "enforced_at": "kernel",
           "object": "/s", "network": False, "errno": 0}  # fmt: skip
    return Asked(**row | more)


# From rung to rung


@pytest.mark.parametrize("works", [*NAMES, None])
def test_each_failure_climbs_one_rung_up_to_the_one_that_works(bench, works):
    bench.machine.failing = set(NAMES) if works is None else set(list(NAMES)[: list(NAMES).index(works)])
    bench.rungs.kill_process(order(), bench.handle)
    told = bench.settle()
    climbed = [call[0] for call in bench.machine.did(*NAMES)]
    assert climbed == list(NAMES)[: len(climbed)]
    assert climbed[-1] == (works or "run")
    assert [e for action, e in told if action != "release"] == ["failed"] * (len(climbed) - 1) + [
        "confirmed" if works else "failed"
    ]
    assert [a for a, _ in told if a != "release"] == [NAMES[call] for call in climbed]


def test_the_lowest_rung_is_the_kernel(bench):
    bench.machine.immortal = {7}
    bench.machine.failing = {"process", "freeze", "cut"}
    bench.rungs.prove_inline(order("deny", enforced_at="kernel"), bench.handle, inline())
    told = [told for told in bench.settle() if told[0] != "release"]
    assert told == [
        ("deny", "failed"),
        ("kill", "failed"),
        ("freeze", "failed"),
        ("isolate", "failed"),
        ("kill", "confirmed"),
    ]
    assert bench.alarms == ["deny", "kill", "freeze", "isolate"]


@pytest.mark.parametrize("actor", ["root", "lictor"])
def test_what_a_person_ordered_never_climbs(bench, actor):
    bench.machine.failing = set(NAMES)
    for rung in (bench.rungs.kill_process, bench.rungs.isolate, bench.rungs.kill_run):
        rung(order(actor=actor), bench.handle)
    bench.settle()
    assert [call[0] for call in bench.machine.calls] == ["process", "cut", "run"]


def test_nothing_climbs_while_enforcement_is_paused(bench):
    bench.machine.failing = set(NAMES)
    bench.rungs.paused = True
    bench.rungs.kill_process(order(), bench.handle)
    bench.settle()
    assert [call[0] for call in bench.machine.calls] == ["process"]


def test_nothing_climbs_when_the_guard_refused(bench):
    bench.machine.refused = {7, "freeze", "cut", "run"}
    for rung in (bench.rungs.kill_process, bench.rungs.freeze, bench.rungs.isolate, bench.rungs.kill_run):
        assert rung(order(), bench.handle).outcome.evidence == "protected"
    assert [call[0] for call in bench.machine.calls] == list(NAMES)


def test_a_process_that_is_gone_is_not_climbed_for(bench):
    bench.machine.dead = {7}
    bench.rungs.kill_process(order(), bench.handle)
    assert bench.settle() == [("kill", "failed")]
    assert bench.machine.calls == [("process", 7)]


@pytest.mark.parametrize("rung", ["freeze", "isolate"])
def test_a_run_of_which_nobody_is_left_is_not_climbed_for(bench, rung):
    bench.machine.dead = {7, 8}
    bench.machine.failing = {"freeze", "cut"}
    getattr(bench.rungs, rung)(order(), bench.handle)
    bench.settle()
    assert len(bench.machine.calls) == 1


def test_nothing_is_done_to_an_unknown_run(bench):
    for rung in (
        bench.rungs.kill_process,
        bench.rungs.freeze,
        bench.rungs.isolate,
        bench.rungs.kill_run,
        bench.rungs.quarantine,
    ):
        assert "not touched" in rung(order(), None).outcome.evidence
    assert bench.machine.calls == []


def test_where_nobody_was_seen_nobody_is_touched_and_the_failure_is_told(bench):
    deed = bench.rungs.record_unseen(order(key=0), bench.handle)
    assert bench.settle() == [("kill", "failed")]
    assert "not who did it" in deed.outcome.evidence
    assert bench.machine.calls == []


# A process


def test_an_inline_kill_is_proven_by_the_exit_that_was_seen(bench):
    bench.books.exits.add(batch(exit_row()))
    deed = bench.rungs.prove_inline(order("deny"), bench.handle, inline())
    assert bench.settle() == [("deny", "confirmed")]
    assert "signal 9" in deed.outcome.evidence
    assert bench.machine.calls == []


@pytest.mark.parametrize(
    ("errno", "told"), [(1, "confirmed"), (13, "confirmed"), (None, "unverified"), (0, "failed"), (115, "failed")]
)
def test_a_refused_connection_is_proven_by_its_error_number(bench, errno, told):
    bench.rungs.prove_inline(order("deny"), bench.handle, inline(network=True, errno=errno))
    assert bench.settle()[0] == ("deny", told)
    assert bench.machine.did("process") == ([("process", 7)] if told == "failed" else [])


def test_one_that_an_earlier_kill_ended_is_no_failure(bench):
    first = bench.rungs.kill_process(order(), bench.handle)
    second = bench.rungs.kill_process(order(), bench.handle)
    assert second.outcome.evidence == f"the process was ended by action {first.id}"
    run = bench.rungs.kill_run(order(), bench.handle)
    third = bench.rungs.kill_process(order(key=8), bench.handle)
    assert third.outcome.evidence == f"the process was ended by action {run.id}"


def test_a_pid_that_is_another_process_by_now_is_no_failure_of_an_earlier_kill(bench):
    bench.rungs.kill_process(order(), bench.handle)
    bench.machine.refused = {7}
    assert bench.rungs.kill_process(order(), bench.handle).outcome.confirmed


# Freezing


def test_a_frozen_run_is_asked_about(bench):
    then = []
    deed = bench.rungs.freeze(order("ask"), bench.handle, then.append)
    assert (then, bench.asked) == ([deed], [])
    assert deed.order.action == "ask"
    bench.rungs.freeze(order("quarantine"), bench.handle)
    assert [d.order.action for d in bench.asked] == ["freeze"]


def test_a_run_that_was_frozen_since_a_process_could_not_be_killed_is_asked_about(bench):
    bench.machine.failing = {"process"}
    bench.rungs.kill_process(order(), bench.handle)
    assert [(d.rung, d.order.action) for d in bench.asked] == [("freeze", "freeze")]
    assert bench.machine.frozen == {"run"}


@pytest.mark.parametrize("how", ["failing", "never"])
@pytest.mark.parametrize(
    ("action", "held", "rung"),
    [("ask", False, "process"), ("ask", True, "process"), ("freeze", True, "process"), ("freeze", False, "cut")],
)
def test_where_a_run_cannot_be_frozen_its_asker_ends_or_its_network(bench, how, action, held, rung):
    setattr(bench.machine, how, {"freeze"})
    bench.rungs.freeze(order(action), bench.handle, held=held)
    told = bench.settle()
    assert [call[0] for call in bench.machine.calls] == ["freeze", rung, "thaw"]
    assert [e for _, e in told] == ["failed", "confirmed", "confirmed"]


def test_a_run_that_is_not_frozen_after_all_goes_on_with_its_lease_given_back(bench):
    """What stood still for the attempt would stand so for ever: nobody is asked about it."""
    bench.machine.never = {"freeze"}
    bench.rungs.freeze(order("freeze"), bench.handle)
    bench.settle()
    assert bench.machine.frozen == set()
    assert bench.machine.leases == [600.0, None]


def test_another_question_keeps_such_a_run_frozen(bench):
    bench.hold()
    bench.machine.failing = {"freeze"}
    bench.rungs.freeze(order("ask"), bench.handle)
    assert bench.machine.did("thaw") == []
    assert bench.machine.frozen == {"run"}


def test_a_person_whose_freeze_fails_leaves_no_run_half_frozen(bench):
    bench.machine.failing = {"freeze"}
    bench.rungs.freeze(order("freeze", actor="root"), bench.handle)
    assert bench.machine.frozen == set()
    assert [call[0] for call in bench.machine.calls] == ["freeze", "thaw"]


def test_one_that_the_kernel_stopped_is_ended_where_the_guard_forbids_to_freeze(bench):
    bench.machine.refused, bench.machine.stopped = {"freeze"}, {7}
    bench.rungs.freeze(order("ask"), bench.handle, held=True)
    assert bench.settle() == [("ask", "failed"), ("kill", "confirmed")]
    assert bench.machine.dead == {7}


def test_one_that_the_kernel_stopped_and_that_may_not_be_ended_goes_on(bench):
    bench.machine.refused, bench.machine.stopped = {"freeze", 7}, {7}
    bench.rungs.freeze(order("ask"), bench.handle, held=True)
    assert bench.machine.stopped == set()
    assert bench.settle() == [("ask", "failed"), ("kill", "failed"), ("release", "confirmed")]


def test_one_that_the_kernel_stopped_goes_on_where_enforcement_is_paused_meanwhile(bench):
    bench.machine.never, bench.machine.stopped = {"freeze"}, {7}
    bench.rungs.freeze(order("ask"), bench.handle, held=True)
    bench.rungs.paused = True
    bench.settle()
    assert (bench.machine.stopped, bench.machine.frozen, bench.machine.dead) == (set(), set(), set())


# The network


def test_a_network_is_cut_once(bench):
    first = bench.rungs.isolate(order("isolate"), bench.handle)
    assert bench.rungs.isolate(order("isolate", key=8), bench.handle) is first
    assert bench.machine.did("cut") == [("cut", "run")]
    assert bench.rungs.is_cut("run")
    assert not bench.rungs.is_cut("other")


def test_after_it_was_given_back_it_can_be_cut_anew(bench):
    bench.rungs.isolate(order(), bench.handle)
    assert bench.rungs.join(order("join", actor="root"), bench.handle).outcome.confirmed
    assert not bench.rungs.is_cut("run")
    bench.rungs.isolate(order(), bench.handle)
    assert bench.machine.cut == {"run"}


def test_a_network_that_could_not_be_given_back_still_counts_as_cut_and_either_can_be_tried(bench):
    bench.rungs.isolate(order(), bench.handle)
    bench.machine.failing = {"join"}
    bench.rungs.join(order("join", actor="root"), bench.handle)
    assert bench.rungs.is_cut("run")
    bench.rungs.isolate(order(), bench.handle)
    assert len(bench.machine.did("cut")) == 2
    bench.machine.failing = set()
    bench.rungs.join(order("join", actor="root"), bench.handle)
    assert not bench.rungs.is_cut("run")


def test_a_network_that_was_cut_in_part_can_be_given_back(bench):
    bench.machine.failing = {"cut"}
    bench.rungs.isolate(order(actor="root"), bench.handle)
    assert bench.rungs.is_cut("run")
    bench.rungs.isolate(order(actor="root"), bench.handle)  # and is tried again, not taken for done
    assert len(bench.machine.did("cut")) == 2


def test_a_cut_that_was_refused_has_cut_nothing(bench):
    bench.machine.refused = {"cut"}
    bench.rungs.isolate(order(), bench.handle)
    assert not bench.rungs.is_cut("run")


# The whole run


def test_rows_of_a_run_that_was_killed_kill_it_no_second_time(bench):
    first = bench.rungs.kill_run(order(), bench.handle)
    assert bench.rungs.kill_run(order(key=8), bench.handle) is first
    assert bench.machine.did("run") == [("run", "run")]


def test_a_living_process_asks_for_another_kill_and_a_pending_one_for_none(bench):
    bench.machine.immortal = {"run"}
    first = bench.rungs.kill_run(order(), bench.handle)
    assert bench.rungs.kill_run(order(), bench.handle) is first
    bench.settle()
    assert bench.rungs.kill_run(order(), bench.handle) is not first


@pytest.mark.parametrize("how", ["failing", "refused"])
def test_a_person_may_kill_where_the_policy_could_not_also_when_the_root_has_ended(bench, how):
    setattr(bench.machine, how, {"run"})
    bench.rungs.kill_run(order(), bench.handle)
    setattr(bench.machine, how, set())
    bench.machine.dead = {7}
    deed = bench.rungs.kill_run(order(actor="root"), bench.handle)
    assert deed.outcome.confirmed
    assert bench.machine.dead == {7, 8}


# The file


def test_a_file_is_taken_away_in_the_background(bench):
    bench.machine.slow = {"quarantine"}
    deed = bench.rungs.quarantine(order("quarantine", object="/drop"), bench.handle)
    assert (deed.outcome, bench.books.pending) == (None, 1)
    assert bench.settle() == [("quarantine", "confirmed")]
    assert bench.machine.taken == ["/drop"]


@pytest.mark.parametrize("what", ["no file", "failing"])
def test_where_no_file_can_be_taken_away_the_network_is_cut(bench, what):
    bench.machine.failing = {"quarantine"}
    bench.rungs.quarantine(order("quarantine", object=None if what == "no file" else "/drop"), bench.handle)
    assert bench.settle() == [("quarantine", "failed"), ("isolate", "confirmed")]


def test_a_file_may_take_long(bench):
    bench.machine.never = {"quarantine"}
    bench.rungs.quarantine(order("quarantine", object="/drop"), bench.handle)
    bench.machine.now += QUARANTINE_SECONDS - 1
    bench.books.check(1)
    assert bench.books.pending == 1
    assert bench.settle()[0] == ("quarantine", "failed")


def test_a_file_that_the_guard_keeps_costs_nobody_the_network(bench):
    bench.machine.refused = {"quarantine"}
    bench.rungs.quarantine(order("quarantine", object="/usr/bin/init"), bench.handle)
    assert bench.machine.did("cut") == []


# Letting go on


def test_to_let_go_on_is_a_deed_with_proof_under_the_name_of_who_said_so(bench):
    bench.machine.stopped, bench.machine.frozen = {7}, {"run"}
    bench.rungs.go_on(order("ask", actor="root"), bench.handle)
    bench.rungs.thaw(order("ask", actor="root", enforced_at="kernel"), bench.handle)
    rows = pairs(bench.books.take())
    assert {(row["action"], row["actor"], row["enforced_at"]) for row in rows} == {("release", "root", "userspace")}
    assert (bench.machine.stopped, bench.machine.frozen) == (set(), set())


def test_memory_is_bounded(bench):
    for number in range(1, 5000):
        bench.rungs.kill_process(order(key=number), bench.handle)
    handles = [bench.machine.handle(f"run-{n}") for n in range(5000)]
    for handle in handles:
        bench.rungs.isolate(order(run=handle.run, key=-1), handle)
        bench.rungs.kill_run(order(run=handle.run, key=-1), handle)
    assert all(len(kept) <= 2048 for kept in (bench.rungs._kills, bench.rungs._cuts, bench.rungs._run_kills))
