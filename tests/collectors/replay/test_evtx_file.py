from __future__ import annotations

from collectors.replay import evtx_file
from tests.corpus import corpus

LOG = corpus("windows", "evtx", "attack-samples", "persistence_sysmon_11_13_1_shime_appfix.evtx")


def found(data: bytes):
    return list(evtx_file.chunks(memoryview(data)))


def test_chunks_their_records_and_sums():
    chunks = found(LOG.read_bytes())
    assert [c.records for c in chunks] == [50, 56, 57, 50, 24]
    assert not any(c.problems for c in chunks)


def test_one_bit_is_noticed():
    for place in (4096 + 60, 4096 + 300, 4096 + 2000):
        data = bytearray(LOG.read_bytes())
        data[place] ^= 1
        assert [p.offset for c in found(bytes(data)) for p in c.problems] == [4096], place


def test_a_cut_and_foreign_bytes_are_told_by_their_place():
    data = LOG.read_bytes()
    assert [p.offset for c in found(data[: 4096 + 70_000]) for p in c.problems] == [69632]
    assert [(c.offset, c.data) for c in found(data[:4096] + b"junk" * 16384 + data[69632:]) if c.problems] == [
        (4096, b"")
    ]


def test_a_chunk_alone_is_a_file():
    (first, *_) = found(LOG.read_bytes())
    made = evtx_file.single(evtx_file.plain_header(), first)
    assert len(made) == 4096 + 65536
    assert [c.records for c in found(made)] == [50]


def test_a_file_that_ends_before_what_its_header_counts_is_cut():
    data = LOG.read_bytes()
    assert evtx_file.cut_short(data[:4096], len(data)) is None
    assert evtx_file.cut_short(data[:4096], len(data) + 65536) is None, "room for more"
    for size, said in (
        (4096 + 4 * 65536, "counts 5 chunks of records, 4 are there"),
        (4096, "counts 5"),
        (3000, "3000 of 4096"),
    ):
        problem = evtx_file.cut_short(data[:size][:4096], size)
        assert problem.offset == size
        assert said in problem.text
