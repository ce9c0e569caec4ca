"""Who can be told in the place of a process that is gone: its parent, then the root of its run.

A denied read ends the process before anybody could ask for its terminal. Only keys are left of it then, and a key
holds the pid: undone here, and believed only when the process with that pid has that very key.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from collectors.identity import ProcessStat, boot_id, key_of, process_keys, read_stat
from lictor.telling.stopped import Who

_WORD = (1 << 64) - 1
_PID_BITS = 22


def kin_of(who: Who) -> Iterator[int]:
    """Pids of those to tell, nearest first: the process itself; where it has ended, its parent and the root too."""
    itself = _process(who.pid, who.process_key)
    if itself is not None:
        yield itself.pid
    if itself is not None and not itself.dead:
        return
    parent = pid_of(who.parent_key) if who.parent_key is not None else None
    for pid, key in ((parent, who.parent_key), (who.root_pid, who.root_key)):
        if (process := _process(pid, key)) is not None:
            yield process.pid


def _process(pid: int | None, key: int | None) -> ProcessStat | None:
    """The process with this pid, if it is the one with this key."""
    if not pid:
        return None
    try:
        stat = read_stat(pid)
    except (OSError, ValueError):
        return None
    return stat if key_of(stat) == key else None


def pid_of(key: int) -> int:
    """The pid inside a process key of this boot; any number for a key of another."""
    return (_unmixed(key) ^ _boot()) & ((1 << _PID_BITS) - 1)


@cache
def _boot() -> int:
    """What all keys of this boot were made with: the key of tick 0 and pid 0, undone."""
    nobody = process_keys(boot_id(), np.zeros(1, np.int64), np.zeros(1, np.int32))
    return _unmixed(int(nobody[0]))


def _unmixed(key: int) -> int:
    """The last steps of ``process_keys`` in reverse; the factors are the inverses of its own modulo 2^64."""
    word = key & _WORD
    word = (word ^ (word >> 31) ^ (word >> 62)) * 0x319642B2D24D8EC3 & _WORD
    word = (word ^ (word >> 27) ^ (word >> 54)) * 0x96DE1B173F119089 & _WORD
    return word ^ (word >> 30) ^ (word >> 60)
