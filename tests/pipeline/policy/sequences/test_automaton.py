"""Chains against two readings of the module's own text: every choice of events for short streams, and event by event for longer ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.sequences import automaton as module
from pipeline.policy.sequences import plan as plan_module
from pipeline.policy.sequences.automaton import Automaton
from pipeline.policy.sequences.plan import SequencePlan, StepPlan


@dataclass(frozen=True)
class Event:
    key: int | None
    time: int
    hits: tuple[bool, ...]


# ---------------------------------------------------------------- the readings


def positive(plan):
    return [i for i, step in enumerate(plan.steps) if not step.negated]


def between(plan, events, key, first, last, a, b):
    """Whether an event of a negated step between steps ``a`` and ``b`` lies between two positions."""
    return any(events[p].key == key and any(events[p].hits[k] for k in range(a + 1, b)) for p in range(first + 1, last))


def some_chain(plan, events, end):
    """Whether some choice of events is a chain that ends at ``end``: tries them all."""
    key = events[end].key

    def extended(steps, after, start):
        i, *rest = steps
        places = [p for p in range(after + 1, end + 1) if events[p].key == key and events[p].hits[i]]
        for chosen in combinations(places, plan.steps[i].count):
            begun = events[chosen[0]].time if start is None else start
            if start is not None and between(plan, events, key, after, chosen[0], steps_before[i], i):
                continue
            if rest:
                if extended(rest, chosen[-1], begun):
                    return True
            elif chosen[-1] == end and events[end].time - begun <= plan.within_ns:
                return True
        return False

    order = positive(plan)
    steps_before = dict(zip(order[1:], order, strict=False))
    return key is not None and extended(order, -1, None)


def best(plan, events, level, end, memo):
    """(start, named positions) of the chain that ends at ``end`` with its ``level``-th positive step, or None."""
    if (level, end) in memo:
        return memo[level, end]
    order = positive(plan)
    step, key = order[level], events[end].key
    own = [p for p in range(end + 1) if events[p].key == key and events[p].hits[step]]
    count = plan.steps[step].count
    firsts = [end] if count == 1 else own[: max(0, len(own) - count + 1)]
    found = None
    for first in firsts:
        if level == 0:
            candidate = (events[first].time, [first])
        else:
            waiting = None
            for before in range(first):
                if events[before].key != key or not events[before].hits[order[level - 1]]:
                    continue
                if between(plan, events, key, before, first, order[level - 1], step):
                    continue
                chain = best(plan, events, level - 1, before, memo)
                if chain and (waiting is None or chain[0] > waiting[0]):
                    waiting = chain
            candidate = waiting and (waiting[0], [*waiting[1], first])
        if candidate and (found is None or candidate[0] > found[0]):
            found = candidate
    if found and count > 1:
        latest = own[-min(count, 8) + 1 :]
        found = (found[0], found[1] + latest)
    memo[level, end] = found
    return found


def plain(plan, events):
    """Positions that complete, and (position, chain) of findings, by the text of the module."""
    order, complete, found, series, memo = positive(plan), [], [], {}, {}
    for end, event in enumerate(events):
        if event.key is None or not event.hits[order[-1]]:
            continue
        chain = best(plan, events, len(order) - 1, end, memo)
        before = series.get(event.key)
        series[event.key] = None
        if chain and event.time - chain[0] <= plan.within_ns:
            complete.append(end)
            width = min(plan.steps[order[-1]].count, 8)
            series[event.key] = tuple(chain[1][:-width])
            if before != series[event.key]:
                found.append((end, chain[1]))
    return complete, found


# ---------------------------------------------------------------- the engine's side


def fed(automaton, events, cuts):
    complete, found = [], []
    for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True):
        part = events[a:b]
        positions = np.arange(a, b)
        hits = [np.array([e.hits[i] for e in part], np.bool_) for i in range(len(automaton.plan.steps))]
        some = np.flatnonzero(np.logical_or.reduce(hits)) if part else np.zeros(0, np.int64)
        if not len(some):
            continue
        done = automaton.advance(
            positions[some],
            np.array([e.time for e in part])[some],
            pa.array([e.key for e in part], pa.int64()).take(pa.array(some)),
            [hit[some] for hit in hits],
        )
        if done is not None:
            complete += (some[done.rows] + a).tolist()
            found += list(zip((some[done.found] + a).tolist(), done.chains.tolist(), strict=True))
    return sorted(complete), found


@st.composite
def plans(draw, most_count=3):
    steps = [StepPlan(0, count=draw(st.integers(1, most_count)))]
    for _ in range(draw(st.integers(0, 2))):
        steps += [StepPlan(0, negated=True)] * draw(st.integers(0, 2))
        steps.append(StepPlan(0, count=draw(st.integers(1, most_count))))
    by = draw(st.sampled_from(["agent_run", "process"]))
    return SequencePlan("s", "p", "deny", tuple(steps), draw(st.integers(0, 12)), by)


@st.composite
def cases(draw, most_events, most_count=3):
    plan = draw(plans(most_count))
    keys = st.just(0) if plan.by == "agent_run" else st.sampled_from([None, 7, 7, -5])
    times, events, now = st.integers(-4, 6), [], 0
    for _ in range(draw(st.integers(0, most_events))):
        now += draw(times)
        hits = draw(st.tuples(*[st.integers(0, 2).map(lambda n: n == 0)] * len(plan.steps)))
        events.append(Event(draw(keys), now, hits))
    cuts = sorted(draw(st.lists(st.integers(0, len(events)), max_size=4)))
    return plan, events, cuts


@settings(max_examples=150, deadline=None)
@given(cases(8))
def test_completes_exactly_where_some_choice_of_events_is_a_chain(case):
    plan, events, cuts = case
    assert fed(Automaton(plan), events, cuts)[0] == [i for i in range(len(events)) if some_chain(plan, events, i)]


@settings(max_examples=150, deadline=None)
@given(cases(40))
def test_completions_and_findings_are_those_of_the_plain_reading(case):
    plan, events, cuts = case
    complete, found = fed(Automaton(plan), events, cuts)
    wanted, findings = plain(plan, events)
    assert complete == wanted
    assert sorted(found) == findings


@settings(max_examples=50, deadline=None)
@given(cases(60, most_count=12))
def test_large_counts_name_the_first_and_the_latest_events(case):
    plan, events, cuts = case
    complete, found = fed(Automaton(plan), events, cuts)
    assert (complete, sorted(found)) == plain(plan, events)


@settings(max_examples=80, deadline=None)
@given(cases(40))
def test_one_row_at_a_time_gives_what_one_batch_gives(case):
    plan, events, _ = case
    rows, findings = fed(Automaton(plan), events, [])
    single = fed(Automaton(plan), events, list(range(1, len(events))))
    assert (rows, sorted(findings)) == (single[0], sorted(single[1]))


# ---------------------------------------------------------------- cases a person would think of

READ_THEN_CONNECT = SequencePlan("s", "p", "deny", (StepPlan(0), StepPlan(1)), 60)


def events_of(text, plan, step=1):
    """``A`` is an event of step 0, ``B`` of step 1 and so on; one time unit or ``step`` apart."""
    letters = [chr(ord("A") + i) for i in range(len(plan.steps))]
    return [Event(0, i * step, tuple(letter == c for letter in letters)) for i, c in enumerate(text)]


def complete(text, plan, step=1):
    return fed(Automaton(plan), events_of(text, plan, step), [])


def test_one_read_and_many_connections_are_one_finding():
    rows, found = complete("ABBBB", READ_THEN_CONNECT)
    assert rows == [1, 2, 3, 4]
    assert found == [(1, [0, 1])]


def test_new_read_makes_a_new_finding():
    assert complete("ABAB", READ_THEN_CONNECT)[1] == [(1, [0, 1]), (3, [2, 3])]


def test_window_is_from_first_to_last_event_and_its_end_counts():
    assert complete("A.B", READ_THEN_CONNECT, step=30)[0] == [2]
    assert complete("A.B", READ_THEN_CONNECT, step=31)[0] == []


def test_rate_that_stays_exceeded_is_one_finding_and_a_new_one_after_a_pause():
    rate = SequencePlan("r", "p", "deny", (StepPlan(0, count=3),), 10)
    rows, found = complete("AAAAA" + "." * 20 + "AAA", rate)
    assert rows == [2, 3, 4, 27]
    assert [row for row, _ in found] == [2, 27]


def test_approval_in_between_ends_what_waits_and_not_what_comes_after():
    plan = SequencePlan("s", "p", "deny", (StepPlan(0), StepPlan(1, negated=True), StepPlan(2)), 60)
    assert complete("ABC", plan)[0] == []
    assert complete("BAC", plan)[0] == [2]
    assert complete("ABAC", plan)[0] == [3]


def test_findings_beyond_the_most_are_counted_and_verdicts_go_on(monkeypatch):
    monkeypatch.setattr(module, "MOST_FINDINGS", 2)
    automaton = Automaton(READ_THEN_CONNECT)
    rows, found = fed(automaton, events_of("AB" * 5, READ_THEN_CONNECT), [4])
    assert len(rows) == 5
    assert [row for row, _ in found] == [1, 3]
    assert automaton.withheld == 3


@pytest.mark.parametrize(("now", "lost"), [(100, 3), (101, 2), (103, 0)])
def test_keys_with_the_oldest_events_go_first_and_count_as_lost_while_they_could_complete(monkeypatch, now, lost):
    monkeypatch.setattr(plan_module, "MOST_KEYS", 2)
    plan = SequencePlan("s", "p", "deny", (StepPlan(0), StepPlan(1)), 100, "process")
    automaton = Automaton(plan)
    fed(automaton, [Event(k, k, (True, False)) for k in range(5)], [])
    automaton.keep_latest(now)
    assert automaton.lost == lost
    _, found = fed(automaton, [Event(k, 100, (False, True)) for k in range(5)], [])
    assert [chain[0] for _, chain in found] == [3, 4]


def test_counts_of_the_keys_that_stay_go_on(monkeypatch):
    monkeypatch.setattr(plan_module, "MOST_KEYS", 2)
    plan = SequencePlan("s", "p", "deny", (StepPlan(0, count=3),), 100, "process")
    automaton = Automaton(plan)
    fed(automaton, [Event(k, 0, (True,)) for k in (1, 2, 3, 1, 2, 3)], [])
    automaton.keep_latest(0)
    assert automaton.lost == 1
    assert fed(automaton, [Event(k, 0, (True,)) for k in (1, 2, 3)], [])[0] == [1, 2]


def test_needed_are_the_events_of_chains_that_wait():
    automaton = Automaton(READ_THEN_CONNECT)
    fed(automaton, events_of("ABA", READ_THEN_CONNECT), [])
    assert automaton.needed().tolist() == [2]


def test_large_count_leaves_room_for_fewer_keys():
    assert SequencePlan("s", "p", "deny", (StepPlan(0, count=10_000),), 1).keys == 26
    assert READ_THEN_CONNECT.keys == 4096
