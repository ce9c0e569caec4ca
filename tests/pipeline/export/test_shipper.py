"""The shipper against made-up receivers: every event is settled once, positions move only behind what is settled."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.dead import DeadLetters
from pipeline.export.errors import ExportError
from pipeline.export.events import Encoder
from pipeline.export.shipper import Rim, Shipper, joined
from pipeline.export.sinks.interface import ACCEPTED, Limits, Outcome, again, halves
from pipeline.export.status import Status, StatusFile
from tests.receivers.events import batch


class Numbers:
    """A format: each row's ``seq`` as JSON; odd ones of class ``none`` have no event, ``broken`` ones a line break."""

    name, content_type, tables = "numbers", "application/json", frozenset({"activity", "findings"})

    def encode(self, table, rows):
        if table == "findings":
            return pa.array([json.dumps({"id": i}) for i in rows["id"].to_pylist()], pa.large_string())
        texts = {"none": None, "broken": "a\nb"}
        pairs = zip(rows["seq"].to_pylist(), rows["class"].to_pylist(), strict=True)
        return pa.array([texts.get(c, json.dumps({"n": n})) for n, c in pairs], pa.large_string())


def rows(first, count, kind="file"):
    n = range(first, first + count)
    return pa.table(
        {
            "boot_id": ["b"] * count, "source": ["s"] * count, "cpu": pa.array([0] * count, pa.int32()), "seq": pa.array(n, pa.int64()),
            "class": [kind] * count, "host": ["h"] * count, "time": pa.array([1_000_000 * (i + 1) for i in n], pa.timestamp("us", "UTC")),
        }
    )  # fmt: skip


def piece(position, first, count, kind="file", table="activity"):
    return SimpleNamespace(table=table, rows=rows(first, count, kind), position=position)


class Receiver:
    """Does with each batch what the next of ``plan`` says, then accepts."""

    def __init__(self, *plan, limits=None):
        self.limits = limits or Limits(events=100, bytes=1 << 20)
        self.plan, self.got, self.sizes = list(plan), [], []

    def send(self, part):
        self.sizes.append(len(part))
        outcome = self.plan.pop(0)(part) if self.plan else ACCEPTED
        out = set(outcome.retry.tolist()) | {p for p, _ in outcome.dead}
        self.got += [json.loads(p)["n"] for i, p in enumerate(part.payloads.to_pylist()) if i not in out]
        return outcome

    def close(self):
        pass


class World:
    def __init__(self, tmp_path, sink, **settings):
        self.now, self.slept, self.stop, self.committed = 0.0, [], False, []
        self.dead = DeadLetters(tmp_path / "dead", lambda: 0.0)
        self.file = StatusFile(None, Status("d", "x:", "numbers"), lambda: 100.0 + self.now)
        rim = Rim(lambda: self.now, self.sleep, lambda: self.stop)
        self.shipper = Shipper(sink, Encoder(Numbers()), self.dead, self.file, rim, **settings)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def ship(self, *pieces):
        return self.shipper.ship(iter(pieces), self.committed.append)

    def letters(self):
        return [
            (b.payloads[i].as_py(), b.ids[i].as_py())
            for _, bs in self.dead.batches()
            for b in bs
            for i in range(len(b))
        ]


def test_everything_arrives_in_order_and_the_position_follows(tmp_path):
    sink = Receiver()
    world = World(tmp_path, sink)
    assert world.ship(piece("p1", 0, 60), piece("p2", 60, 60), piece("p3", 120, 5))
    assert sink.got == list(range(125))
    assert world.committed == ["p1", "p3"]
    assert (world.file.status.sent, world.file.status.lag_rows) == (125, 0)


def test_small_pieces_become_one_batch_within_the_limits(tmp_path):
    sink = Receiver(limits=Limits(events=50, bytes=1 << 20))
    world = World(tmp_path, sink)
    world.ship(*(piece(n, 10 * n, 10) for n in range(12)))
    assert sink.sizes == [50, 50, 20]
    assert world.committed == [4, 9, 11]


def test_large_piece_is_cut_by_events_and_bytes(tmp_path):
    sink = Receiver()
    World(tmp_path, sink, events=30).ship(piece(1, 0, 100))
    assert sink.sizes == [30, 30, 30, 10]
    sink = Receiver()
    World(tmp_path, sink, size=40).ship(piece(1, 0, 10))
    assert sink.sizes == [5, 5]


def test_nothing_moves_while_the_receiver_takes_nothing(tmp_path):
    taken = []

    def refuse(part):
        assert world.committed == []
        return again(part, "busy")

    def pieces():
        for n in range(5):
            taken.append(n)
            yield piece(n, 100 * n, 100)

    sink = Receiver(*[refuse] * 7)
    world = World(tmp_path, sink)
    world.shipper.ship(pieces(), lambda p: (taken.append(f"c{p}"), world.committed.append(p)))
    assert taken == [0, "c0", 1, "c1", 2, "c2", 3, "c3", 4, "c4"]
    assert sink.got == list(range(500))
    assert world.file.status.retried == 700


def test_pauses_double_and_never_fall_below_what_the_receiver_asks(tmp_path):
    world = World(tmp_path, Receiver(*[lambda p: again(p, "busy")] * 5, lambda p: again(p, "busy", 33.0)))
    world.ship(piece(1, 0, 1))
    own = world.slept[:5]
    assert all(0.25 * 2**n <= s <= 0.5 * 2**n for n, s in enumerate(own))
    assert world.slept[5] == 33.0


def test_only_what_was_not_taken_is_sent_again(tmp_path):
    sink = Receiver(lambda _: Outcome(np.array([1, 3]), "some", 0.0, ((2, "bad"),)))
    world = World(tmp_path, sink)
    assert world.ship(piece(1, 0, 5))
    assert sink.got == [0, 4, 1, 3]
    assert sink.sizes == [5, 2]
    assert world.slept == []
    assert world.letters() == [(b'{"n": 2}', "b/s/2/0/file")]
    assert (world.file.status.sent, world.file.status.dead, world.file.status.retried) == (4, 1, 2)


@settings(deadline=None, max_examples=40)  # each example writes its dead letters to the disk
@given(st.sets(st.integers(0, 63)), st.integers(1, 64))
def test_halving_finds_exactly_the_events_at_fault(tmp_path_factory, bad, count):
    def judge(part):
        numbers = [json.loads(p)["n"] for p in part.payloads.to_pylist()]
        if not bad & set(numbers):
            return ACCEPTED
        return Outcome(dead=((0, "bad"),)) if len(part) == 1 else halves(part, "something")

    sink = Receiver(*[judge] * 1000)
    world = World(tmp_path_factory.mktemp("dead"), sink)
    assert world.ship(piece(1, 0, count))
    assert sink.got == [n for n in range(count) if n not in bad]
    assert sorted(json.loads(p)["n"] for p, _ in world.letters()) == sorted(bad & set(range(count)))
    assert world.committed == [1]
    assert world.slept == []


def test_payload_with_a_line_break_never_leaves(tmp_path):
    sink = Receiver()
    world = World(tmp_path, sink)
    assert world.ship(piece(1, 0, 2), piece(2, 2, 2, "broken"), piece(3, 4, 1))
    assert sink.got == [0, 1, 4]
    assert [p for p, _ in world.letters()] == [b"a\nb", b"a\nb"]
    assert world.committed == [3]


def test_rows_without_event_only_move_the_position(tmp_path):
    sink = Receiver()
    world = World(tmp_path, sink, keep=lambda _, r: r.filter(pa.array([s % 2 == 0 for s in r["seq"].to_pylist()])))
    assert world.ship(piece(1, 0, 4), piece(2, 4, 3, "none"))
    assert sink.got == [0, 2]
    assert world.committed == [2]
    assert world.file.status.left_out == 5
    assert World(tmp_path, Receiver()).ship(piece(1, 0, 3, "none"))


def test_end_while_the_receiver_is_away_settles_nothing(tmp_path):
    def refuse(part):
        world.stop = True
        return again(part, "away")

    world = World(tmp_path, Receiver(refuse))
    assert not world.ship(piece(1, 0, 3), piece(2, 3, 3))
    assert (world.committed, world.slept) == ([], [])


def test_end_while_it_works_finishes_the_batch(tmp_path):
    def accept(_):
        world.stop = True
        return ACCEPTED

    sink = Receiver(accept)
    world = World(tmp_path, sink, events=10)
    assert not world.ship(piece(1, 0, 10), piece(2, 10, 10))
    assert sink.got == list(range(10))
    assert world.committed == [1]


def test_giving_up_says_why_and_settles_nothing(tmp_path):
    world = World(tmp_path, Receiver(*[lambda p: again(p, "HTTP 503")] * 99), give_up=20)
    with pytest.raises(ExportError, match=r"nothing was taken for 20 s \(HTTP 503\)"):
        world.ship(piece(1, 0, 3))
    assert world.committed == []
    assert world.now <= 20


def test_progress_starts_the_patience_anew(tmp_path):
    plan = [lambda p: again(p, "x")] * 4 + [lambda p: Outcome(np.arange(1, len(p)), "x")]
    world = World(tmp_path, Receiver(*plan * 10), give_up=20)
    assert world.ship(piece(1, 0, 8))
    assert world.now > 20


def test_tables_never_share_a_batch(tmp_path):
    sink = Receiver()
    sink.send = lambda part: (sink.sizes.append((part.table, len(part))), ACCEPTED)[1]
    world = World(tmp_path, sink)
    finding = SimpleNamespace(table="findings", rows=pa.table({"id": ["f"], "host": ["h"]}), position=2)
    world.ship(piece(1, 0, 2), finding, piece(3, 2, 2))
    assert sink.sizes == [("activity", 2), ("findings", 1), ("activity", 2)]
    assert world.committed == [1, 2, 3]


def test_status_tells_what_waits_and_why(tmp_path):
    seen = []
    world = World(tmp_path, Receiver(lambda p: again(p, "HTTP 503")))
    world.sleep = seen.append
    world.shipper._rim = Rim(lambda: 0.0, lambda _: seen.append(vars(world.file.status).copy()), lambda: False)
    world.ship(piece(1, 4, 3))
    assert (seen[0]["state"], seen[0]["last_error"], seen[0]["lag_rows"]) == ("waiting", "HTTP 503", 3)
    assert seen[0]["oldest_waiting"] == 5.0
    assert (world.file.status.last_error, world.file.status.oldest_waiting, world.file.status.state) == (
        "",
        None,
        "running",
    )


def test_batches_joined():
    assert joined([batch(2), batch(2, first=2)]).ids.to_pylist() == batch(4).ids.to_pylist()
