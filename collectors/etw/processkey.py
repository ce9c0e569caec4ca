"""The key of one process of Windows, in plain integers and without numpy: what the enforcer asks with, one at a time.

What the key is made of and why is said in ``identity``, which makes many at once and the same ones.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

CREATED, START_KEY = b"lictor.created", b"lictor.startkey"
"""What a boot's word is made for: two kinds of numbers may never give one key."""

_WORD = (1 << 64) - 1


def process_key(boot: str, created: int, pid: int) -> int:
    """The key; ``created`` is a FILETIME (100 ns since 1601)."""
    value = _mix(_mix(created & _WORD ^ boot_word(boot, CREATED)) ^ pid & _WORD)
    return value - (1 << 64) if value >> 63 else value


@lru_cache(maxsize=64)
def boot_word(boot: str, person: bytes) -> int:
    """64 bits that stand for a boot."""
    return int.from_bytes(blake2b(boot.encode(), digest_size=8, person=person).digest(), "little")


def _mix(value: int) -> int:
    """Spread the bits over the word (finaliser of splitmix64, a bijection)."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31
