"""LZXPRESS (plain LZ77), as ETW compresses buffers: [MS-XCA] 2.4, with a bound on what comes out.

dissect.util has the same algorithm and tests compare the two; but a few bytes may ask for four gigabytes, and a trace
can come from anywhere, so the length is checked before each copy.
"""

from __future__ import annotations


class DamagedError(ValueError):
    """The bytes are no LZXPRESS, or unpack to more than was allowed; ``partial`` is what came before."""

    def __init__(self, text: str, partial: bytes) -> None:
        super().__init__(text)
        self.partial = partial


def decompress(source: bytes, most: int) -> bytes:
    """Unpack; raises ``DamagedError``."""
    out = bytearray()
    try:
        _unpack(source, out, most)
    except IndexError as error:
        raise DamagedError("ends within a reference", bytes(out)) from error
    return bytes(out)


def _unpack(source: bytes, out: bytearray, most: int) -> None:
    at, end, nibble_at = 0, len(source), -1
    while at + 4 <= end:
        flags = int.from_bytes(source[at : at + 4], "little")
        at += 4
        for bit in range(31, -1, -1):
            if at >= end:
                return
            if not flags >> bit & 1:
                out.append(source[at])
                at += 1
                continue
            pair = source[at] | source[at + 1] << 8
            at += 2
            distance, length = (pair >> 3) + 1, pair & 7
            if length == 7:
                at, nibble_at, length = _long(source, at, nibble_at)
            _copy(out, distance, length + 3, most)
        if len(out) > most:
            raise DamagedError(f"unpacks to more than {most} bytes", bytes(out[:most]))


def _long(source: bytes, at: int, nibble_at: int) -> tuple[int, int, int]:
    """A length of 7 or more: half a byte, which two references share; where that is full a byte, two, or four."""
    if nibble_at < 0:
        nibble_at, length = at, source[at] & 15
        at += 1
    else:
        length, nibble_at = source[nibble_at] >> 4, -1
    if length < 15:
        return at, nibble_at, length + 7
    length = source[at]
    at += 1
    if length < 255:
        return at, nibble_at, length + 15 + 7
    length = source[at] | source[at + 1] << 8
    at += 2
    if length == 0:
        length = int.from_bytes(source[at : at + 4], "little")
        _ = source[at + 3]
        at += 4
    if length < 15 + 7:
        raise DamagedError("a length is too small for its form", b"")
    return at, nibble_at, length


def _copy(out: bytearray, distance: int, length: int, most: int) -> None:
    if distance > len(out):
        raise DamagedError("a reference points before the beginning", bytes(out))
    if len(out) + length > most:
        raise DamagedError(f"unpacks to more than {most} bytes", bytes(out))
    if distance >= length:
        begin = len(out) - distance
        out += out[begin : begin + length]
        return
    piece = bytes(out[-distance:])
    out += (piece * (length // distance + 1))[:length]
