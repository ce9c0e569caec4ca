"""The ledger: numbers given out = delivered + lost, for any course of readings and drains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.kernel.coverage import Ledger, Reading
from collectors.kernel.records import CLASSES, EVENT, REASONS
from pipeline import schema

CPUS = 2
CLASS = {n: schema.CLASSES.index(n) for n in ("process", "file", "network", "kernel")}


class Machine:
    """A sensor in plain Python: gives out numbers, loses some, queues the rest."""

    def __init__(self) -> None:
        self.seq = np.zeros((CPUS, CLASSES), np.int64)
        self.lost = np.zeros((CPUS, CLASSES, len(REASONS)), np.int64)
        self.queue: list[tuple[int, int, int]] = []
        self.missed = self.strings = self.strings_lost = 0

    def emit(self, cpu: int, class_: int, reason: int | None) -> None:
        number = int(self.seq[cpu, class_])
        self.seq[cpu, class_] += 1
        if reason is None:
            self.queue.append((cpu, class_, number))
        else:
            self.lost[cpu, class_, reason] += 1

    def reading(self) -> Reading:
        return Reading(self.seq.copy(), self.lost.copy(), self.strings, self.strings_lost, self.missed)

    def drain(self, most: int | None = None) -> np.ndarray:
        taken, self.queue = self.queue[:most], self.queue[most:] if most is not None else []
        records = np.zeros(len(taken), EVENT)
        for i, (cpu, class_, seq) in enumerate(taken):
            records[i]["cpu"], records[i]["class"], records[i]["seq"] = cpu, class_, seq
        return records


def ledger() -> Ledger:
    made = Ledger("box", "boot", "ebpf", CPUS)
    made.begin(0)
    return made


def close(book: Ledger, machine: Machine, until: int, between=()) -> list[dict]:
    """What the collector does: read, drain everything, close; ``between`` is emitted after the reading."""
    reading = machine.reading()
    for event in between:
        machine.emit(*event)
    after = machine.drain()
    book.count(after)
    return book.close(reading, after, until).to_pylist()


emission = st.tuples(
    st.integers(0, CPUS - 1), st.sampled_from(sorted(CLASS.values())), st.sampled_from([None, None, 0, 1, 2])
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("emit"), st.lists(emission, max_size=6)),
        st.tuples(st.just("drain"), st.integers(0, 6)),
        st.tuples(st.just("close"), st.lists(emission, max_size=4)),
    ),
    max_size=14,
)


@given(steps)
@settings(deadline=None, max_examples=120)
def test_given_out_equals_delivered_plus_lost_in_every_interval(script):
    machine, book, rows, clock = Machine(), ledger(), [], 0
    for what, argument in [*script, ("close", []), ("close", [])]:
        if what == "emit":
            for event in argument:
                machine.emit(*event)
        elif what == "drain":
            book.count(machine.drain(argument))
        else:
            clock += 1
            rows += close(book, machine, clock, argument)
    names = {n: i for i, n in enumerate(schema.CLASSES)}
    spans: dict[tuple, list[int]] = {}
    for row in rows:
        if row["cpu"] is not None:
            total = spans.setdefault((row["until"], row["cpu"], row["class"]), [0, 0, 0])
            for i, column in enumerate(("emitted", "delivered", "lost")):
                total[i] += row[column]
            assert row["reason"] == "none" or row["lost"] > 0
        if row["first_seq"] is not None:
            assert row["last_seq"] - row["first_seq"] + 1 == row["emitted"]
    assert all(emitted == delivered + lost for emitted, delivered, lost in spans.values())
    for cpu in range(CPUS):
        for name, class_ in CLASS.items():
            mine = [v for (_, c, n), v in spans.items() if (c, n) == (cpu, name)]
            assert sum(v[0] for v in mine) == machine.seq[cpu, class_]
            assert sum(v[2] for v in mine) == machine.lost[cpu, class_].sum()
    assert {r["class"] for r in rows} <= set(names)
    there = {name: machine.seq[:, class_].sum() - machine.lost[:, class_].sum() for name, class_ in CLASS.items()}
    assert book.received() == there


def test_a_record_that_is_gone_without_a_count_shows_as_a_difference():
    """The check can fail: a record that neither arrived nor was counted lost must not vanish."""
    machine, book = Machine(), ledger()
    for _ in range(3):
        machine.emit(0, CLASS["file"], None)
    machine.queue.pop()
    (row,) = [r for r in close(book, machine, 1) if r["class"] == "file"]
    assert (row["emitted"], row["delivered"], row["lost"]) == (3, 2, 0)


def test_quiet_classes_are_reported_too_and_intervals_join():
    machine, book = Machine(), ledger()
    rows = close(book, machine, 10) + close(book, machine, 25)
    assert [(r["class"], r["reason"], r["emitted"], r["lost"], r["cpu"]) for r in rows[:4]] == [
        (c, "none", 0, 0, None) for c in ("process", "file", "network", "kernel")
    ]
    spans = [(r["since"].timestamp(), r["until"].timestamp()) for r in rows]
    assert spans == [(0, 10e-6)] * 4 + [(10e-6, 25e-6)] * 4
    assert all((r["host"], r["boot_id"], r["source"]) == ("box", "boot", "ebpf") for r in rows)


def test_losses_stand_under_their_reasons():
    machine, book = Machine(), ledger()
    for reason in (0, 0, 1, 2, None):
        machine.emit(1, CLASS["process"], reason)
    rows = [r for r in close(book, machine, 1) if r["class"] == "process"]
    assert {r["reason"]: r["lost"] for r in rows} == {"none": 0, "ring_full": 2, "priority_full": 1, "task_map_full": 1}
    assert rows[0]["emitted"] == 5


@pytest.mark.parametrize(("lost", "expected"), [(0, []), (2, [("string_ring_full", 9, 7, 2)])])
def test_lost_strings_are_told(lost, expected):
    machine, book = Machine(), ledger()
    machine.strings, machine.strings_lost = 9, lost
    rows = [r for r in close(book, machine, 1) if r["class"] == "health"]
    assert [(r["reason"], r["emitted"], r["delivered"], r["lost"]) for r in rows] == expected
    assert not [r for r in close(book, machine, 2) if r["class"] == "health"]


def test_calls_that_the_kernel_skipped_are_told():
    machine, book = Machine(), ledger()
    machine.missed = 3
    (row,) = [r for r in close(book, machine, 1) if r["class"] == "health"]
    assert (row["reason"], row["lost"]) == ("prog_missed", 3)


def test_rows_have_the_lakes_types():
    batch = ledger().close(Machine().reading(), np.zeros(0, EVENT), 1)
    assert batch.schema == schema.lake_schema("coverage")
