from __future__ import annotations

import struct

import numpy as np
import pytest

from collectors.etw.layouts import compiled
from collectors.etw.texts import strings
from collectors.etw.unpack import Chunk, unpack
from tests.etl_writer import sid, wide


def read(fields: str, payloads: list[bytes], pointer: int = 8):
    ends = np.cumsum([len(p) for p in payloads])
    chunk = Chunk(np.frombuffer(b"".join(payloads), np.uint8))
    return chunk, unpack(chunk, compiled(fields, pointer), ends - [len(p) for p in payloads], ends, pointer)


def test_fields_behind_texts_of_different_lengths():
    payloads = [
        struct.pack("<I", n) + wide("x" * n) + b"ansi\0" * (n % 2) + b"\0" * (1 - n % 2) + struct.pack(">H", n)
        for n in range(9)
    ]
    chunk, made = read("u32 a, wstr b, astr c, be16 d", payloads)
    assert made.good.all()
    assert made.numbers["a"].tolist() == made.numbers["d"].tolist() == list(range(9))
    assert strings(chunk.data, made.spans["b"]).to_pylist() == ["x" * n for n in range(9)]
    assert strings(chunk.data, made.spans["c"]).to_pylist() == ["ansi" * (n % 2) for n in range(9)]
    assert not made.rest.any()


def test_every_truncation_is_noticed_and_reads_nothing_of_the_neighbour():
    whole = struct.pack("<I", 7) + wide("ab") + struct.pack("<Q", 9)
    for cut in range(len(whole)):
        _, made = read("u32 a, wstr b, u64 c", [whole[:cut], whole])
        assert made.good.tolist() == [False, True], cut


@pytest.mark.parametrize("pointer", [4, 8])
def test_a_token_with_and_without_a_sid(pointer):
    pointers = struct.pack("<QQ" if pointer == 8 else "<II", 0x1234, 0)
    zero = bytes(2 * pointer)
    payloads = [pointers + sid(21, 7) + b"a\0", bytes(4) + b"b\0", zero + sid(18) + b"c\0"]
    chunk, made = read("token user, astr name", payloads, pointer)
    assert made.good.all()
    assert made.spans["user"].length.tolist() == [16, 0, 12]
    assert strings(chunk.data, made.spans["name"]).to_pylist() == ["a", "b", "c"]


def test_a_length_beyond_the_record_is_malformed():
    _, made = read("u16 n, bin:n data", [struct.pack("<H", 3) + b"abc", struct.pack("<H", 500) + b"abc"])
    assert made.good.tolist() == [True, False]


def test_a_last_text_may_lack_its_end():
    chunk, made = read(
        "u32 a, wstr b", [struct.pack("<I", 1) + "ab".encode("utf-16-le"), struct.pack("<I", 1) + wide("c")]
    )
    assert made.good.all()
    assert strings(chunk.data, made.spans["b"]).to_pylist() == ["ab", "c"]
