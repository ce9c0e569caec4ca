"""The file sink: durable lines, a repaired end, rotation, one export at a time, and a full disk."""

from __future__ import annotations

import errno
import json
import os

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.file import FileSink, Rotation
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, batch


def numbers(path):
    return [json.loads(line)["n"] for line in path.read_text().splitlines()]


def test_each_event_is_one_line(tmp_path):
    path = tmp_path / "x y.jsonl"
    sink = open_sink(f"file://{tmp_path}/x%20y.jsonl", Settings())
    assert not len(sink.send(batch(payloads=HOSTILE)).retry)
    sink.close()
    assert path.read_text().split("\n") == [*HOSTILE, ""]
    assert path.stat().st_mode & 0o777 == 0o600


def test_partial_last_line_of_a_crash_is_cut_off(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b'{"n":0}\n{"n":1}\n{"n":' + b"9" * 200_000)
    sink = FileSink(path)
    sink.send(batch(1, first=2))
    assert numbers(path) == [0, 1, 2]


def test_file_that_is_one_partial_line_becomes_empty(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b'{"n":')
    FileSink(path).close()
    assert path.read_bytes() == b""


def test_rotation_by_size_keeps_every_line_and_so_many_files(tmp_path):
    path = tmp_path / "x.jsonl"
    sink = FileSink(path, Rotation(size=1000, keep=2), clock=lambda: 1_790_000_000)
    for n in range(10):
        sink.send(batch(10, first=10 * n, size=50))
    old = sorted(tmp_path.glob("x.jsonl.*"))
    assert [p.name for p in old] == ["x.jsonl.20260921T141320Z-0008", "x.jsonl.20260921T141320Z-0009"]
    assert [n for p in [*old, path] for n in numbers(p)] == list(range(100))[-30:]
    assert all(p.stat().st_size <= 1000 for p in [*old, path])


def test_rotation_by_age_goes_by_the_clock(tmp_path):
    path, now = tmp_path / "x", [1_790_000_000.0]
    sink = FileSink(path, Rotation(age=60), clock=lambda: now[0])
    sink.send(batch(1))
    now[0] += 59
    sink.send(batch(1, first=1))
    now[0] += 2
    sink.send(batch(1, first=2))
    (old,) = tmp_path.glob("x.*")
    assert (numbers(old), numbers(path)) == ([0, 1], [2])


def test_only_files_of_this_export_are_forgotten(tmp_path):
    other = tmp_path / "x.20260921T000000Z-note"
    other.write_text("mine")
    sink = FileSink(tmp_path / "x", Rotation(size=10, keep=1), clock=lambda: 1_790_000_000)
    for n in range(3):
        sink.send(batch(1, first=n))
    assert other.read_text() == "mine"


def test_second_export_into_the_same_file_is_refused(tmp_path):
    first = FileSink(tmp_path / "x")
    with pytest.raises(ExportError, match="another export"):
        FileSink(tmp_path / "x")
    first.close()
    FileSink(tmp_path / "x").close()


def test_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "x"
    sink = FileSink(path)
    sink.send(batch(3))
    before, write, calls = path.read_bytes(), os.write, []

    def full(fd, data):
        calls.append(1)
        if len(calls) == 1:
            return write(fd, data[:7])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    outcome = sink.send(batch(5))
    monkeypatch.undo()
    assert list(outcome.retry) == [0, 1, 2, 3, 4]
    assert "No space" in outcome.reason
    assert path.read_bytes() == before
    assert not len(sink.send(batch(5, first=3)).retry)
    assert numbers(path) == list(range(8))


def test_one_export_wants_a_new_file_and_following_one_goes_on(tmp_path):
    (tmp_path / "x").write_text('{"n":0}\n')
    with pytest.raises(ExportError, match="append=true"):
        open_sink(f"file://{tmp_path}/x", Settings())
    for settings in (Settings(follow=True), Settings({"append": "true"})):
        open_sink(f"file://{tmp_path}/x", settings).close()
    assert numbers(tmp_path / "x") == [0]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file://host/x", "three slashes"),
        ("file:x", "three slashes"),
        ("file:///tmp/", "names a folder"),
        ("file:///dev/null", "not a plain file"),
        ("file:///proc/nothing/x", "cannot be written"),
        ("file:///tmp/x?rotate_size=big", "a size such as"),
    ],
)
def test_bad_addresses_are_refused(url, said):
    with pytest.raises(ExportError, match=said):
        open_sink(url, Settings())
