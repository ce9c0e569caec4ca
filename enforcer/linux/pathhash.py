"""The sensor's keyed hash of names and paths, for writing rules under the keys it looks up.

The same arithmetic as ``hash_name`` and ``mix`` in the sensor's ``strings.h``: eight bytes at
a time, the last word filled with zeros. A test compares the two on the running kernel.
"""

from __future__ import annotations

_MIX = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def mix(state: int, word: int) -> int:
    """One step of the hash."""
    state = (state ^ word) * _MIX & _WORD
    return state ^ state >> 29


def hash_name(name: bytes, seed: int) -> int:
    """Hash of one name of at most 255 bytes."""
    state = seed ^ len(name)
    for at in range(0, len(name), 8):
        state = mix(state, int.from_bytes(name[at : at + 8], "little"))
    return state


def hash_path(path: str, seed: int) -> int:
    """Hash of an absolute path: its names from the root, each mixed into that of its parent."""
    state = seed
    for name in path.encode("utf-8", "surrogateescape").split(b"/"):
        if name:
            state = mix(state, hash_name(name, seed))
    return state
