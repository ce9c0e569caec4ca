"""How fast a verdict of user space takes hold, and how surely a kill reaches a whole tree.

Frozen: a process unlinks a file that the policy freezes for, which only user space can judge, and then writes the time
into shared memory without a pause; its last entry tells when it stood still, whatever Lictor says. Killed: a
tree of a thousand processes with sessions of their own, orphans and a fork storm; who is left is counted in ``/proc`` by
a mark in the environment. Must reach: 99 of 100 within 20 ms; a kill within 100 ms with nobody left in 100 trials.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import statistics
import struct
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.load import compiled
from collectors.interface import CollectorError
from enforcer.decisions import Decision
from enforcer.interface import Order
from enforcer.linux.cgroup import RunCgroup
from lictor.context import local_context
from lictor.live import LiveRun
from lictor.service import Service, Settings
from pipeline.policy.load import read_policies

FREEZES = 200
KILLS = 100
PROCESSES = 1000

POLICY = """
lictor: 1
name: bench
rules:
  - { id: hold, on: file.delete, match: { path: "/**/freeze-me-*" }, action: freeze }
"""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Service]:
    """A service with the policy."""
    file = folder / "policy.yaml"
    file.write_text(POLICY)
    service = Service(Settings(folder / "lake", read_policies([file])), report=lambda _: None)
    service.open()
    try:
        yield service
    finally:
        service.close()


@contextlib.contextmanager
def begun(service: Service, child: Callable[[], None]) -> Iterator[LiveRun]:
    """A run whose root process calls ``child``."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    go_read, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.read(go_read, 1)
        child()
        os._exit(0)
    os.close(go_read)
    group = RunCgroup.create(name)
    group.add(pid)
    live = service.begin(pid, local_context("bench"), "bench", uid=os.getuid(), cgroup=group, run=name)
    os.write(go, b"g")
    os.close(go)
    try:
        yield live
    finally:
        group.kill()
        group.wait_empty(5)
        service.end(live, None)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        group.remove()


def freezes(service: Service, folder: Path) -> list[float]:
    """Milliseconds from the call to the last sign of life, of each trial."""
    memory = mmap.mmap(-1, 16)

    def offend() -> None:
        for trial in range(FREEZES):
            file = folder / f"freeze-me-{trial}"
            file.touch()
            time.sleep(random.uniform(0.05, 0.3))
            begin = time.monotonic_ns()
            memory[:] = struct.pack("qq", begin, begin)
            file.unlink()
            until = begin + 1_000_000_000
            while (now := time.monotonic_ns()) < until:
                memory[8:] = struct.pack(
                    "q", now
                )  # copied whole: pack_into would clear it first, and may be frozen there
                if now - begin > 400_000_000:  # thawed again: it stood still for at least that long
                    break

    times: list[float] = []
    with begun(service, offend) as live:
        holds = service.enforcement.ladder.holds

        def look() -> None:
            for hold in holds:
                time.sleep(0.45)
                begin, last = struct.unpack("qq", memory)
                times.append((last - begin) / 1e6)
                service.enforcement.decide(hold, Decision("release", "bench"))

        deadline = time.monotonic() + FREEZES * 2
        service.serve(lambda: len(times) >= FREEZES or time.monotonic() > deadline or bool(live.exit_code), look)
    return times


def left(mark: str) -> int:
    """Live processes with the mark in their environment."""
    count = 0
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            count += entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes()
    return count


def kill(service: Service, program: Path) -> tuple[float, int, str]:
    """Milliseconds from the order to the last process gone, who is left, and what the result row says."""
    mark = f"LICTOR_BENCH={uuid.uuid4().hex}"
    read, write = os.pipe()

    def tree() -> None:
        os.dup2(write, 1)
        os.execve(program, [program, str(PROCESSES)], {"LICTOR_BENCH": mark.partition("=")[2]})  # noqa: S606 - ours

    with begun(service, tree) as live:
        said = bytearray()
        service.serve(lambda: heard(read, said))
        if live.group is None:
            raise AssertionError("the run has a cgroup of its own")
        empty = watcher(live.group)
        time.sleep(0.1)
        begin = time.monotonic()
        outcome = service.enforcement.order(Order("kill", live.id, live.root_key, live.root_pid, actor="bench"))
        (at,) = struct.unpack("d", os.read(empty, 8))
        os.close(empty)
        service.settle()
        os.close(read)
        os.close(write)
        return (at - begin) * 1000, left(mark), outcome.enforcement


def watcher(group: RunCgroup) -> int:
    """A process that tells, through the descriptor, at which time of the monotonic clock a group became empty."""
    read, write = os.pipe()
    if os.fork() == 0:
        while group.populated():
            time.sleep(0.0005)
        os.write(write, struct.pack("d", time.monotonic()))
        os._exit(0)
    os.close(write)
    return read


def heard(descriptor: int, said: bytearray) -> bool:
    """Whether the tree has said by now that it is complete."""
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        said += os.read(descriptor, 100)
    return b"ready" in said


def quantile(values: list[float], share: float) -> float:
    """The value that so many of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> int:
    """Print the figures; 1 where one of them is missed."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as service:
        folder = Path(name)
        times = freezes(service, folder)
        p99 = quantile(times, 0.99)
        reached = len(times) == FREEZES and p99 <= 20
        print(
            f"frozen after the call: median {statistics.median(times):.1f} p99 {p99:.1f} max {max(times):.1f} ms, {len(times)} trials"
        )
        print(
            f"figure: verdict of user space to frozen, p99 {p99:.1f} ms (at most 20): {'reached' if reached else 'MISSED'}"
        )
        program = compiled(folder, Path(__file__).with_name("tree.c"))
        kills = [kill(service, program) for _ in range(KILLS)]
        took = [k[0] for k in kills]
        survivors = sum(k[1] for k in kills)
        fast = max(took) <= 100 and not survivors
        print(
            f"kill of {PROCESSES} processes: median {statistics.median(took):.0f} p99 {quantile(took, 0.99):.0f} max {max(took):.0f} ms"
        )
        print(
            f"figure: kill of {PROCESSES} processes {max(took):.0f} ms at most (100), {survivors} left in {KILLS} trials (0): {'reached' if fast else 'MISSED'}"
        )
    return 0 if reached and fast else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CollectorError as error:
        print(f"not measured: {error}")
