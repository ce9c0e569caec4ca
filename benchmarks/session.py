"""Raw records of a real session, and rings in memory to feed them from.

What the sensor sent during git, a compiler, Python and a flood of opens is kept as it lay in
the rings. The benchmarks replay it at any speed: no producer limits the consumer, and the mix
of operations, paths and strings is that of real work.
"""

from __future__ import annotations

import mmap
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collectors.ebpf.collector import EbpfCollector
from collectors.interface import Run
from collectors.kernel.decode import view
from collectors.kernel.records import STRIDE
from collectors.kernel.ring import PAGE, Ring

Rows = NDArray[np.uint8]

WORK = """
read go
cd "$1"
git init -q repo && cd repo
git config user.email a@b; git config user.name a
for i in $(seq 60); do mkdir -p src/d$((i % 7)); echo "int f$i(void) { return $i; }" > src/d$((i % 7))/f$i.c; done
git add -A && git commit -qm first
git status >/dev/null; git log -p >/dev/null; git diff HEAD >/dev/null
for i in 1 2 3; do cc -O1 -c src/d1/f1.c -o f$i.o; done
python3 -c 'import json, email, asyncio, sqlite3, xml.dom.minidom'
grep -r return src >/dev/null; find . >/dev/null; cat src/*/*.c >/dev/null
mv f1.o f9.o; ln f9.o f8.o; ln -s f9.o f7.o; rm f2.o; chmod 700 f3.o
python3 - <<'PY'
import socket
for i in range(40):
    s = socket.socket(); s.settimeout(0.2)
    try: s.connect(("127.0.0.1", 9000 + i))
    except OSError: pass
    s.close()
PY
"$2" distinct 20000 --path "$3" --files 500
"""


@dataclass(frozen=True)
class Session:
    """Rows of each ring, shape (n, 128), uint8, oldest first."""

    events: Rows
    priority: Rows
    strings: Rows
    boot_id: str

    def batch(self, rows: int, begin: int, now: int) -> tuple[Rows, Rows]:
        """``rows`` records from number ``begin`` on, as (events, priority), the session over and over; clock from ``now``."""
        size = len(self.events) + len(self.priority)
        together = np.concatenate([self.events, self.priority])
        order = np.argsort(view(together)["time"], kind="stable")
        taken = order[np.arange(begin, begin + rows) % size]
        part = together[taken]
        records = view(part)
        records["time"] = now + 1000 * np.arange(rows)
        urgent = taken >= len(self.events)
        return part[~urgent], part[urgent]


def record(folder: Path, loadgen: Path) -> Session:
    """Run the session under the sensor and keep what it sent; raises ``CollectorError`` where it cannot load."""
    files = folder / "many"
    files.mkdir()
    for i in range(500):
        (files / str(i)).touch()
    collector = EbpfCollector(None)
    collector.open()
    parts: dict[str, list[Rows]] = {"events": [], "priority": [], "strings": []}
    try:
        number = collector.add_run(Run("bench", "bench"))
        command = ["bash", "-c", WORK, "bash", str(folder), str(loadgen), str(files)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as shell:
            collector.tag(shell.pid, number)
            assert shell.stdin is not None
            shell.stdin.write(b"go\n")
            shell.stdin.close()
            while True:
                ended = shell.poll() is not None
                for name, ring in collector._rings.items():  # noqa: SLF001 - raw rows are what is wanted here
                    parts[name].append(ring.drain().copy())
                if ended and not any(ring.waiting() for ring in collector._rings.values()):  # noqa: SLF001 - as above
                    break
                time.sleep(0.005)
    finally:
        collector.close()
    joined = {name: np.concatenate(rows) for name, rows in parts.items()}
    return Session(**joined, boot_id=collector.context.boot_id)


class MemoryRing:
    """A ring in ordinary memory with the kernel's layout, so that ``Ring`` drains it as it is."""

    def __init__(self, size: int) -> None:
        """``size`` data bytes, a power of two."""
        self.size = size
        self._fd = os.memfd_create("ring", os.MFD_CLOEXEC)
        os.ftruncate(self._fd, 2 * PAGE + 2 * size)
        self._memory = mmap.mmap(self._fd, 2 * PAGE + 2 * size)
        self._producer: NDArray[np.uint64] = np.frombuffer(self._memory, np.uint64, 1, offset=PAGE)
        # The kernel maps the data twice in a row; here the second half is a second copy.
        data: Rows = np.frombuffer(self._memory, np.uint8, 2 * size, offset=2 * PAGE)
        self._data = data.reshape(2, -1, STRIDE)
        self.ring = Ring(self._fd, size)

    def put(self, rows: Rows) -> None:
        """Append rows; they must find room."""
        assert len(rows) + self.ring.waiting() <= self.size // STRIDE
        at = (int(self._producer[0]) // STRIDE + np.arange(len(rows))) % self._data.shape[1]
        self._data[:, at] = rows
        self._producer[0] += np.uint64(len(rows) * STRIDE)
