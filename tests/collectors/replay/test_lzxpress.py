from __future__ import annotations

import struct

import pytest
from dissect.util.compression import lzxpress
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.replay.lzxpress import DamagedError, decompress

EXAMPLE = bytes.fromhex("ffff ff1f 6162 6317 000f ff26 01".replace(" ", ""))
"""[MS-XCA] 3.1: three letters, and a reference that repeats them a hundred times."""


def test_the_published_example():
    assert decompress(EXAMPLE, 1000) == b"abc" * 100 == lzxpress.decompress(EXAMPLE)


def literals(data: bytes) -> bytes:
    return b"".join(bytes(4) + data[n : n + 32] for n in range(0, len(data), 32))


@given(st.binary(max_size=300))
def test_letters_alone(data):
    assert decompress(literals(data), 1000) == data


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(min_size=0, max_size=60)), max_size=5))
def test_whatever_another_reader_unpacks_is_unpacked_alike(blocks):
    packed = literals(b"some bytes to point back to, which is 40 of them") + b"".join(
        struct.pack("<I", flags) + rest for flags, rest in blocks
    )
    try:
        ours = decompress(packed, 100_000)
    except DamagedError:
        return
    try:
        theirs = lzxpress.decompress(packed)
    except (struct.error, TypeError, ValueError):  # it fails where flags or a reference are cut; ours stops before
        return
    assert ours == theirs


def test_a_few_bytes_cannot_ask_for_gigabytes():
    bomb = struct.pack("<I", 0x7FFFFFFF) + b"a" + struct.pack("<H", 7) + b"\x0f\xff\0\0" + struct.pack("<I", 0xFFFFFFF0)
    with pytest.raises(DamagedError, match="more than 1000"):
        decompress(bomb, 1000)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"\xff\xff\xff\xff\x08\x00", "before the beginning"), (b"\xff\xff\xff\x7fa\x07", "within a reference")],
)
def test_damage_is_told(data, reason):
    with pytest.raises(DamagedError, match=reason):
        decompress(data, 100)
