"""Who of a run is alive: one walk over all tasks, made in the kernel by the sensor's iterator.

A walk over ``/proc`` asks for each process of the machine in turn and takes 20 to 30 µs for each; this one takes 2. A run
of a thousand processes is looked at several times while it is ended.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from collectors.identity import process_keys
from collectors.kernel.libbpf import iterate
from collectors.kernel.records import MEMBER

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECTION = "iter/task"
"""Of the program in the sensor; its link is what the functions here take."""


def members(link: int, run: int, boot_id: str) -> list[tuple[int, int]]:
    """(pid, process key) of each live process of a run; raises ``KernelRefusalError``."""
    found = _walked(link, run)
    keys = process_keys(boot_id, found["start"].astype(np.int64), found["pid"].astype(np.int32))
    return list(zip(found["pid"].tolist(), keys.tolist(), strict=True))


def programs(link: int, run: int) -> dict[int, str]:
    """Name of the program of each live process of a run by pid: that of its file, without folders, 31 bytes at most."""
    found = _walked(link, run)
    names = found["exe"].tolist()
    texts = {name: os.fsdecode(name) for name in set(names)}
    return dict(zip(found["pid"].tolist(), map(texts.__getitem__, names), strict=True))


def _walked(link: int, run: int) -> NDArray[np.void]:
    found = np.frombuffer(iterate(link), MEMBER)
    mine: NDArray[np.void] = found[found["run"] == run]
    return mine
