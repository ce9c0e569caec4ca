"""Dead letters: kept whole with their reason, once however often they are refused, and within a limit."""

from __future__ import annotations

import json

import pytest

from pipeline.export.dead import DeadLetters
from pipeline.export.errors import ExportError
from tests.receivers.events import HOSTILE, HOSTILE_IDS, batch


def letters(folder, **settings):
    return DeadLetters(folder / "dead", lambda: 1_790_000_000.0, **settings)


def test_events_come_back_as_they_were(tmp_path):
    made, dead = batch(payloads=HOSTILE, ids=HOSTILE_IDS, hosts=["a\nb", None, *"cdefg"]), letters(tmp_path)
    dead.add(made, [(n, f"reason\n{n}") for n in range(7)])
    ((path, (back,)),) = dead.batches()
    assert all(a.equals(b) for a, b in zip(made.columns(), back.columns(), strict=True))
    assert (back.table, back.json) == (made.table, made.json)
    lines = path.read_text().splitlines()
    assert [json.loads(line)["reason"] for line in lines] == [f"reason\n{n}" for n in range(7)]
    assert json.loads(lines[0])["at"] == "2026-09-21T14:13:20+00:00"
    assert path.stat().st_mode & 0o777 == 0o600


def test_only_the_dead_are_kept_and_a_repeat_makes_no_second_file(tmp_path):
    dead = letters(tmp_path)
    for _ in range(2):
        dead.add(batch(5), [(1, "a"), (3, "b")])
    dead.add(batch(5), [(1, "c")])
    assert len(dead.files()) == 2
    assert [b.ids.to_pylist() for _, bs in dead.batches() for b in bs] == [
        ["boot/ebpf/1", "boot/ebpf/3"],
        ["boot/ebpf/1"],
    ]


def test_receiver_that_refuses_everything_does_not_fill_the_disk(tmp_path):
    dead = letters(tmp_path, largest=1500)
    dead.add(batch(2, size=300), [(0, "a")])
    with pytest.raises(ExportError, match="export replay"):
        dead.add(batch(9, size=300), [(n, "b") for n in range(9)])
    assert len(dead.files()) == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"table":"activity"}', '{"table":"nope","json":true}'])
def test_damaged_file_is_named(tmp_path, text):
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "x.jsonl").write_text(text)
    with pytest.raises(ExportError, match=r"x\.jsonl: damaged"):
        list(letters(tmp_path).batches())


def test_place_that_cannot_be_written(tmp_path):
    (tmp_path / "dead").write_text("a file is in the way")
    with pytest.raises(ExportError, match="cannot be kept"):
        letters(tmp_path).add(batch(1), [(0, "x")])
