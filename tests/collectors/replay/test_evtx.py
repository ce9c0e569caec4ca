from __future__ import annotations

import random

import pytest

from collectors.interface import CollectorError
from collectors.replay import evtx_reader
from collectors.replay.evtx import EvtxCollector
from tests.corpus import corpus

LOG = corpus("windows", "evtx", "attack-samples", "persistence_sysmon_11_13_1_shime_appfix.evtx")

CIRCLE = corpus("windows", "evtx", "attack-samples", "exec_persist_rundll32_mshta_scheduledtask_sysmon_1_3_11.evtx")


def read(path, data: bytes):
    path.write_bytes(data)
    collector = EvtxCollector(path)
    collector.open()
    rows = [r for b in collector.batches(lambda: False) for r in b.to_pylist()]
    collector.close()
    assert collector.counts.records == collector.counts.tally.records
    return rows, collector.counts


def test_a_damaged_chunk_costs_its_own_records_only(tmp_path):
    data = bytearray(LOG.read_bytes())
    data[69632 + 512 : 69632 + 60_000] = bytes(59_488)
    rows, counts = read(tmp_path / "x.evtx", bytes(data))
    assert len(rows) >= 237 - 56
    assert {p.offset for p in counts.problems} == {69632}


def test_a_file_whose_header_is_gone_is_read(tmp_path):
    rows, counts = read(tmp_path / "x.evtx", bytes(4096) + LOG.read_bytes()[4096:])
    assert (len(rows), counts.problem_count) == (237, 1)


def test_a_chunk_that_the_reader_never_comes_back_from_is_told_by_its_place_and_the_rest_is_read(tmp_path, monkeypatch):
    """One byte of an offset, and the reader turns in a circle for ever (found by flipping bytes)."""
    monkeypatch.setattr(evtx_reader, "PATIENCE_S", 1.0)
    chunk = bytearray(CIRCLE.read_bytes()[4096 : 4096 + 65536])
    chunk[1662] = 1
    whole = bytearray(LOG.read_bytes()[: 4096 + 65536])
    whole[42:44] = (2).to_bytes(2, "little")  # the header counts the chunks
    sound, _ = read(tmp_path / "sound.evtx", bytes(whole))
    rows, counts = read(tmp_path / "x.evtx", bytes(whole[:4096] + chunk + whole[4096:]))
    assert len(rows) >= len(sound) > 0
    assert {p.offset for p in counts.problems} == {4096}
    assert any("did not come back within 1 s" in p.text for p in counts.problems)
    assert counts.tally.malformed["evtx", 0, 0] > 0


@pytest.mark.parametrize("size", [8, 3000, 4096, 4096 + 2 * 65536])
def test_a_file_that_is_cut_between_two_chunks_is_told_of(tmp_path, size):
    rows, counts = read(tmp_path / "x.evtx", LOG.read_bytes()[:size])
    assert bool(rows) is (size > 4096)
    assert [p.offset for p in counts.problems] == [size]


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits_are_never_silent(tmp_path, seed):
    rng, data = random.Random(seed), bytearray(LOG.read_bytes()[: 4096 + 2 * 65536])
    place = rng.randrange(4096 + 512, len(data))
    data[place] ^= 1 << rng.randrange(8)
    _, counts = read(tmp_path / "x.evtx", bytes(data))
    free = int.from_bytes(data[(place - 4096) // 65536 * 65536 + 4096 + 48 :][:4], "little")
    assert counts.problem_count or (place - 4096) % 65536 >= free  # behind the records nothing is read


@pytest.mark.parametrize("data", [b"", b"ElfFil", b"x" * 9000])
def test_what_is_no_log_is_refused(tmp_path, data):
    (tmp_path / "x.evtx").write_bytes(data)
    with pytest.raises(CollectorError):
        EvtxCollector(tmp_path / "x.evtx").open()


def test_it_is_closed_twice(tmp_path):
    (tmp_path / "x.evtx").write_bytes(LOG.read_bytes())
    collector = EvtxCollector(tmp_path / "x.evtx")
    with pytest.raises(CollectorError, match="not open"):
        _ = collector.size
    collector.open()
    list(collector.batches(lambda: False))
    (row,) = collector.health().to_pylist()
    assert row["emitted"] == 237
    assert row["until"] >= row["since"]
    collector.close()
    collector.close()
