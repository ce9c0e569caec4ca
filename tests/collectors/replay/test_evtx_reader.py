"""Workers that misbehave, each a few lines of Python in the place of the real one."""

from __future__ import annotations

import time

import pytest

from collectors.replay import evtx_reader as under_test
from collectors.replay.evtx_reader import Reader
from collectors.replay.evtx_worker import GAVE_UP, RECORD

ECHO = """
import sys, time
while len(head := sys.stdin.buffer.read(4)) == 4:
    file = sys.stdin.buffer.read(int.from_bytes(head, "little"))
    sys.stdout.buffer.write(len(file).to_bytes(4, "little") + b"r" + file)
    sys.stdout.buffer.flush()
    if file == b"hang":
        time.sleep(60)
    if file == b"die":
        sys.exit(3)
    if file == b"cut":
        sys.stdout.buffer.write((9).to_bytes(4, "little") + b"rab")
        sys.exit(4)
    sys.stdout.buffer.write(bytes(4) + b"e")
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def reader(tmp_path, monkeypatch):
    (tmp_path / "worker.py").write_text(ECHO)
    monkeypatch.setattr(under_test.evtx_worker, "__file__", str(tmp_path / "worker.py"))
    made = Reader()
    yield made
    made.close()
    made.close()


def test_one_worker_serves_many(reader):
    assert list(reader.frames(b"a")) == [(RECORD, "a")]
    worker = reader._worker
    assert list(reader.frames("bé".encode())) == [(RECORD, "bé")]
    assert reader._worker is worker


def test_one_that_does_not_come_back_is_ended_and_what_it_sent_is_kept(reader, monkeypatch):
    monkeypatch.setattr(under_test, "PATIENCE_S", 0.5)
    begun = time.monotonic()
    assert list(reader.frames(b"hang")) == [(RECORD, "hang"), (GAVE_UP, "the reader did not come back within 0.5 s")]
    assert time.monotonic() - begun < 10
    monkeypatch.setattr(under_test, "PATIENCE_S", 30.0)
    assert list(reader.frames(b"next")) == [(RECORD, "next")]


@pytest.mark.parametrize("file", [b"die", b"cut"])
def test_one_that_ends_is_told_of_and_replaced(reader, file):
    *_, (kind, text) = reader.frames(file)
    assert kind == GAVE_UP
    assert text.startswith("the reader ended")
    assert list(reader.frames(b"next")) == [(RECORD, "next")]


def test_one_that_ended_between_two_files_is_replaced_after_the_next(reader):
    list(reader.frames(b"a"))
    reader._worker.kill()
    reader._worker.wait()
    assert [kind for kind, _ in reader.frames(b"b")] == [GAVE_UP]
    assert list(reader.frames(b"c")) == [(RECORD, "c")]


def test_frames_that_nobody_wants_to_the_end_confuse_nobody(reader):
    frames = reader.frames(b"a")
    next(frames)
    frames.close()
    assert list(reader.frames(b"b")) == [(RECORD, "b")]
