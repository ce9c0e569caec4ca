from __future__ import annotations

import pytest

from collectors.interface import CollectorError
from collectors.replay import etl
from collectors.replay.etl import EtlCollector
from pipeline import schema
from tests import etl_writer as w

DISK = "\\Device\\HarddiskVolume3"


def read(path, data: bytes):
    """Rows of a file as dictionaries, and its reader."""
    path.write_bytes(data)
    collector = EtlCollector(path)
    collector.open()
    rows = [r for b in collector.batches(lambda: False) for r in schema.conform(b, "activity").to_pylist()]
    collector.close()
    assert collector.counts.records == collector.counts.tally.records
    return rows, collector


def test_buffers_of_several_processors_are_brought_into_order(tmp_path):
    buffers = [
        [w.moved(5, 1, t, pid=p) for t in range(10 + p * 10_000_000, 4_000_000_000, 200_000_000)] for p in range(3)
    ]
    rows, collector = read(
        tmp_path / "x.etl", w.trace([w.opened(5, f"{DISK}\\a", 1)], *buffers, [w.volume(DISK, "C:", 4_000_000_001)])
    )
    times = [r["time_ns"] for r in rows]
    assert times == sorted(times)
    assert {r["path"] for r in rows} == {"C:\\a"}
    assert collector.counts.records == 1 + 1 + sum(map(len, buffers)) + 1


def test_chunks_and_held_buffers_change_nothing(tmp_path, monkeypatch):
    buffers = [[w.opened(n, f"{DISK}\\{n}", n * 10 + p) for n in range(100)] for p in range(6)]
    whole, _ = read(tmp_path / "x.etl", w.trace(*buffers))
    monkeypatch.setattr(etl, "CHUNK_BYTES", 1)
    pieces, _ = read(tmp_path / "x.etl", w.trace(*buffers))
    assert pieces == whole
    monkeypatch.setattr(etl, "HELD_BYTES", 1)
    late, _ = read(tmp_path / "x.etl", w.trace(*buffers))
    assert sorted(r["time_ns"] for r in late) == [r["time_ns"] for r in whole]


def test_damage_is_told_by_its_place_and_the_rest_is_read(tmp_path):
    data = bytearray(
        w.trace(
            [w.opened(1, "a", 1)],
            [w.opened(2, "b", 2), w.opened(3, "c", 3), w.opened(4, "d", 4)],
            [w.opened(5, "e", 5)],
        )
    )
    broken = 65536 + 72 + len(w.opened(2, "b", 2))
    data[broken : broken + 2] = b"\0\0"
    rows, collector = read(tmp_path / "x.etl", bytes(data))
    assert [r["path"] for r in rows] == ["a", "b", "e"]
    assert [p.offset for p in collector.counts.problems] == [broken]


@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
def test_a_header_that_was_wiped_is_no_padding(tmp_path, fill):
    records = [w.opened(n, f"file{n}", n) for n in range(2, 5)]
    whole = bytearray(w.trace([w.opened(1, "a", 1)], records))
    wiped = 65536 + 72 + len(records[0])
    whole[wiped : wiped + 80] = fill * 80
    rows, collector = read(tmp_path / "x.etl", bytes(whole))
    assert [r["path"] for r in rows] == ["a", "file2"]
    (problem,) = collector.counts.problems
    assert problem.offset == wiped
    assert f"{len(records[1]) + len(records[2])} bytes of the buffer are skipped" in problem.text


@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
def test_padding_is_no_damage(tmp_path, fill):
    body = w.file_header() + w.opened(1, "a", 1)
    rows, collector = read(tmp_path / "x.etl", w.packed(body + fill * 400, 1))
    assert [r["path"] for r in rows] == ["a"]
    assert collector.counts.problems == []


def test_compressed_buffers(tmp_path):
    def packed(records: list[bytes], n: int) -> bytes:
        raw = b"".join(records)
        return w.packed(b"".join(bytes(4) + raw[i : i + 32] for i in range(0, len(raw), 32)), n, flags=0x40)

    rows, collector = read(
        tmp_path / "x.etl", packed([w.file_header(lost=3), w.opened(1, "a", 1)], 1) + packed([w.opened(2, "b", 2)], 2)
    )
    assert [r["path"] for r in rows] == ["a", "b"]
    assert collector.counts.lost == 3


def test_rows_are_numbered_within_their_class_and_name_their_file(tmp_path):
    rows, collector = read(
        tmp_path / "x.etl", w.trace([w.opened(1, "a", 1), w.started(5, 4, "x", 2), w.opened(1, "b", 3)])
    )
    assert [(r["class"], r["seq"]) for r in rows] == [("file", 1), ("process", 1), ("file", 2)]
    assert len({r["boot_id"] for r in rows}) == 1
    again, _ = read(tmp_path / "y.etl", w.trace([w.opened(1, "a", 1), w.started(5, 4, "x", 2), w.opened(1, "c", 3)]))
    assert again[0]["boot_id"] != rows[0]["boot_id"]
    assert again[1]["process_key"] == rows[1]["process_key"]  # one boot, one process
    assert collector.health is not None


def test_coverage_says_what_the_header_says(tmp_path):
    path = tmp_path / "x.etl"
    path.write_bytes(w.trace([w.opened(1, "a", 1)], lost=9))
    collector = EtlCollector(path)
    collector.open()
    list(collector.batches(lambda: False))
    (row,) = collector.health().to_pylist()
    assert (row["lost"], row["emitted"], row["delivered"], row["reason"]) == (9, 11, 2, "trace")
    collector.close()
    collector.close()


@pytest.mark.parametrize("data", [b"", b"x", b"PK\3\4" * 9000, w.buffer([w.opened(1, "a", 1)], 1)])
def test_what_is_no_trace_is_refused_in_one_line(tmp_path, data):
    (tmp_path / "x.etl").write_bytes(data)
    with pytest.raises(CollectorError) as error:
        EtlCollector(tmp_path / "x.etl").open()
    assert "\n" not in str(error.value)


def test_it_stops_when_it_is_told_to(tmp_path):
    (tmp_path / "x.etl").write_bytes(w.trace([w.opened(1, "a", 1)]))
    collector = EtlCollector(tmp_path / "x.etl")
    collector.open()
    assert list(collector.batches(lambda: True)) == []
    collector.close()


def test_a_trace_that_is_cut_between_two_buffers_is_told_of(tmp_path):
    whole = w.trace([w.opened(1, "a", 1)], [w.opened(2, "b", 2)], [w.opened(3, "c", 3)])
    rows, collector = read(tmp_path / "x.etl", whole[: 2 * 65536])
    assert [r["path"] for r in rows] == ["a", "b"]
    (problem,) = collector.counts.problems
    assert (problem.offset, "counts 3 buffers, 2 are there" in problem.text) == (2 * 65536, True)
