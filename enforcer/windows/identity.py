"""Who a process is on Windows: one signed 64-bit key for (creation time, pid). Pure.

A pid is used again, often within seconds; the creation time (FILETIME, 100 ns since 1601) is absolute, so no boot has to be known.
Events carry both, and ``GetProcessTimes`` gives the very same number for a handle.
"""

from __future__ import annotations

_WORD = (1 << 64) - 1
_PID_BITS = 23
"""Pids are multiples of 4 below 2^25: the handle table that they come from holds 2^24 entries."""

_EPOCH = 129_067_776_000_000_000
"""2010-01-01 as FILETIME; 41 bits of milliseconds from there reach the year 2079."""

_MILLISECOND = 10_000


def process_key(pid: int, created: int) -> int:
    """The key; ``created`` is a FILETIME. No pid is given out twice within the millisecond that is told apart."""
    packed = ((created - _EPOCH) // _MILLISECOND << _PID_BITS | pid >> 2) & _WORD
    mixed = _mix(packed)
    return mixed - (1 << 64) if mixed >> 63 else mixed


def _mix(value: int) -> int:
    """Spread the bits over the word (finaliser of splitmix64, a bijection)."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31
