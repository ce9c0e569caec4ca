"""What telemetry costs the thread that serves: events per second of processor time with and without it.

Records of a real session go from rings in memory to verdicts and into a durable log, as in
``bench_ring``, through the same wrappers that the service puts around its steps; the sender is a real
process with a receiver that is not there. Rounds with and without take turns, so that what the machine
does meanwhile falls on both alike; two equal ways without it show what a difference means here.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import psutil
import pyarrow as pa

from benchmarks import load
from benchmarks.session import MemoryRing, Session, record
from collectors.ebpf.collector import EbpfCollector
from collectors.interface import Run
from lictor.observing.interface import Observer
from lictor.observing.sending import Sending
from lictor.observing.telemetry import Telemetry
from pipeline.flow import Flow, PerRun
from pipeline.lake.writer import LakeWriter
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import read_policies
from pipeline.steps.attribute import attribute
from pipeline.steps.judge import Judge

POLICY = Path(__file__).parents[1] / "policies" / "coding-agent.yaml"
RING = 1 << 24
WARM = 5
ORDERS = tuple(permutations(range(3)))
NOWHERE = "http://127.0.0.1:9"


class Way:
    """The way of a batch under one observer."""

    def __init__(self, session: Session, lake: Path, observer: Observer) -> None:
        self._session, self._next = session, 0
        self._rings = {"events": MemoryRing(RING), "priority": MemoryRing(RING), "strings": MemoryRing(RING)}
        self._collector = EbpfCollector(None)
        self._collector._rings = {n: r.ring for n, r in self._rings.items()}  # noqa: SLF001 - in place of the kernel's
        self._collector.context.runs[1] = Run("bench", "codex")
        self._rings["strings"].put(session.strings)
        context = RunContext("/home/u/project", "/root", {}, "root", "host", "codex")
        judge = PerRun({"bench": Judge(compile_policies(read_policies([POLICY]), context))})
        self._writer = LakeWriter(lake, "host", seen=observer.seen)
        steps = [observer.step("attribute", attribute), observer.judge(judge)]
        flow = Flow(
            steps, observer.step("act", lambda batch: (batch, None)), observer.step("append", self._writer.append)
        )
        self._flow = observer.batch(flow, lambda: self._collector.began_ns)
        self._observer = observer
        observer.open(tuple)

    def round(self, rows: int) -> float:
        """Nanoseconds of processor time for each of ``rows`` events."""
        events, priority = self._session.batch(rows, self._next, 10**12 + self._next * 1000)
        self._next += rows
        self._rings["events"].put(events)
        self._rings["priority"].put(priority)
        begin = time.thread_time_ns()
        done = 0
        while done < rows:
            batch = self._collector._next()  # noqa: SLF001 - what ``batches`` does, without its waits
            if batch is not None:
                done += batch.num_rows
                self._flow(batch)
            self._observer.tick()
        self._writer.sync()
        return (time.thread_time_ns() - begin) / rows

    def close(self) -> None:
        """Let go of the lake and of the sender."""
        self._writer.close()
        self._observer.close()


def measure(session: Session, folder: Path, rows: int, rounds: int) -> None:
    """Print both figures and the difference, with what two equal halves differ by."""
    sending = Sending(NOWHERE, folder)
    observers = [Observer(), Observer(), Telemetry(sending)]
    ways = [Way(session, folder / f"{place}-{rows}", observer) for place, observer in enumerate(observers)]
    spent: list[list[float]] = [[], [], []]
    for turn in range(WARM + rounds):
        for which in ORDERS[turn % len(ORDERS)]:
            took = ways[which].round(rows)
            if turn >= WARM:
                spent[which].append(took)
    off, on = statistics.median(spent[0] + spent[1]), statistics.median(spent[2])
    added, noise = paired(spent[2], spent[0], spent[1]), paired(spent[1], spent[0])
    rss = psutil.Process(sending._process.pid).memory_info().rss / 2**20 if sending._process else 0.0  # noqa: SLF001 - a figure of it
    for way in ways:
        way.close()
    print(
        f"{rows:>7} rows  without {1e3 / off:5.2f}, with {1e3 / on:5.2f} M events/s/core: {added:+.2%}"
        f"  ({added * off * rows / 1e3:+.0f} µs per round; two equal ways without it differ by {noise:+.2%}); sender {rss:.0f} MiB"
    )


def paired(these: Sequence[float], *those: Sequence[float]) -> float:
    """By what share ``these`` take longer, as the median over rounds: each round has events of its own, alike for all."""
    return statistics.median(own / statistics.mean(others) - 1 for own, *others in zip(these, *those, strict=True))


def message_cost() -> None:
    """Print what one message a second costs."""
    with tempfile.TemporaryDirectory() as folder:
        telemetry = Telemetry(Sending(NOWHERE, Path(folder)))
        telemetry.open(tuple)
        spent = []
        for _ in range(200):
            begin = time.thread_time_ns()
            telemetry._hand_over()  # noqa: SLF001 - one step by itself
            spent.append((time.thread_time_ns() - begin) / 1e3)
            time.sleep(0.01)
        telemetry.close()
    print(f"one message: median {statistics.median(spent):.0f} µs, most {max(spent):.0f} µs of processor time")


def main() -> None:
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session = record(folder, load.compiled(folder))
        for rows, rounds in ((100, 300), (1_000, 240), (10_000, 120), (100_000, 24)):
            measure(session, folder, rows, rounds)
    message_cost()


if __name__ == "__main__":
    main()
