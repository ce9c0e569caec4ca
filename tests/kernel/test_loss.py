"""When more comes than the rings hold: every loss is counted, and no verdict depends on a ring.

Covers P1, P2 and P4 of the bypass list (a collector that does not drain is one that was stopped).
"""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.ebpf.collector import EbpfCollector
from collectors.interface import Run
from enforcer.linux.kernel import InstalledPolicy
from lictor.context import local_context
from lictor.service import cgroup_mount
from pipeline import schema
from pipeline.policy.compile import compile_policies
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import load_policy

pytestmark = pytest.mark.kernel

TINY = {"events": 1 << 16, "priority": 1 << 15, "strings": 1 << 16}
EVENTS = TINY["events"] // 128


@pytest.fixture
def tiny():
    """A sensor whose rings hold a few hundred records."""
    if os.geteuid():
        pytest.skip("no root: the sensor cannot be loaded")
    collector = EbpfCollector(cgroup_mount(), rings=TINY)
    collector.open()
    yield collector
    collector.close()


def start(collector, *command, scope=0, exe_bits=0, **popen):
    """Start a command that waits for a line, as a run of its own."""
    waiting = subprocess.Popen(
        ["sh", "-c", 'read _ && exec "$@"', "sh", *map(str, command)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **popen,
    )
    while (text := Path(f"/proc/{waiting.pid}/stat").read_bytes()).rpartition(b")")[2].split()[0] != b"S":
        assert text
        time.sleep(0.001)  # its own exec is told a moment after Popen has heard of it; then it waits for its line
    collector.tag(waiting.pid, collector.add_run(Run(f"run-{waiting.pid}", "test")), scope=scope, exe_bits=exe_bits)
    return waiting


def finish(process):
    """Let it go; its exit status and standard output."""
    out, _ = process.communicate(b"go\n", timeout=60)
    return process.returncode, out


def drained(collector):
    """All rows that are left, and coverage over the whole life of the sensor."""
    coverage, rows = [], []
    for _ in range(2):
        rows += [b for b in collector.batches(lambda: True) if b.num_rows]
        coverage.append(collector.health())
    rows += [b for b in collector.batches(lambda: True) if b.num_rows]
    table = pa.concat_tables([schema.conform(b, "activity") for b in rows])
    return table.to_pylist(), [r for c in coverage for r in c.to_pylist()]


def assert_books_balance(rows, coverage):
    """For each processor and class: numbers given out = rows + losses, and the rows' own numbers fit in."""
    emitted, lost, delivered = Counter(), Counter(), Counter()
    for row in coverage:
        if row["cpu"] is None:
            continue
        cell = row["cpu"], row["class"]
        emitted[cell] += row["emitted"]
        lost[cell] += row["lost"]
        delivered[cell] += row["delivered"]
        if row["emitted"]:
            assert row["last_seq"] - row["first_seq"] + 1 == row["emitted"]
    seen = Counter((r["cpu"], r["class"]) for r in rows)
    assert emitted == seen + lost
    assert delivered == seen
    numbers = [(r["cpu"], r["class"], r["seq"]) for r in rows]
    assert len(set(numbers)) == len(numbers)
    for cell, count in emitted.items():
        assert all(0 <= s < count for cpu, class_, s in numbers if (cpu, class_) == cell)
    return emitted, lost


@pytest.mark.parametrize("kind", ["open", "distinct", "missing", "connect"])
def test_every_loss_of_a_flood_is_counted(tiny, loadgen, tmp_path, kind):
    for i in range(50):
        (tmp_path / str(i)).touch()
    path = {"open": "/etc/hostname", "distinct": tmp_path, "missing": tmp_path / "absent", "connect": "-"}[kind]
    count = 3000
    status, out = finish(start(tiny, loadgen, kind, count, "--path", path, "--files", 50, "--port", 9, "--threads", 2))
    assert status == 0
    truth = json.loads(out)
    rows, coverage = drained(tiny)
    emitted, lost = assert_books_balance(rows, coverage)
    class_ = "network" if kind == "connect" else "file"
    given = sum(n for (_, c), n in emitted.items() if c == class_)
    assert given >= truth["done"] == count
    assert given - count < 50, "a loader's own opens are few"
    assert sum(n for (_, c), n in lost.items() if c == class_) == given - sum(r["class"] == class_ for r in rows) > 0
    assert {r["reason"] for r in coverage if r["lost"] and r["class"] == class_} == {"ring_full"}


def test_a_flood_of_files_cannot_break_the_process_tree(tiny, loadgen, tmp_path):
    """Processes have a ring of their own: it has room while the other is full."""
    flood = f"{loadgen} open 3000 >/dev/null; for i in 1 2 3 4 5; do /bin/true; done"
    status, _ = finish(start(tiny, "sh", "-c", flood))
    assert status == 0
    rows, coverage = drained(tiny)
    _, lost = assert_books_balance(rows, coverage)
    assert sum(n for (_, c), n in lost.items() if c == "file") > 0
    assert sum(n for (_, c), n in lost.items() if c == "process") == 0
    assert sum(r["operation"] == "exec" and r["path"] == os.path.realpath("/bin/true") for r in rows) == 5


def test_losses_of_the_small_ring_are_counted_too(tiny, acts, tmp_path):
    status, out = finish(start(tiny, acts, "storm", tmp_path / "trace", 300))
    assert status == 0
    assert len(out.split()) == 300
    rows, coverage = drained(tiny)
    emitted, lost = assert_books_balance(rows, coverage)
    processes = {k: n for k, n in emitted.items() if k[1] == "process"}
    assert sum(processes.values()) == 300 * 2 + 2  # forks and exits, the exec and the exit of acts itself
    assert sum(n for (_, c), n in lost.items() if c == "process") > 0
    assert {r["reason"] for r in coverage if r["lost"] and r["class"] == "process"} == {"priority_full"}


def test_what_is_drained_in_time_is_not_lost(tiny, loadgen):
    """The same tiny rings with a load that leaves time to drain them."""
    process = start(tiny, loadgen, "open", 2000, "--rate", 4000)
    process.stdin.write(b"go\n")
    process.stdin.close()
    process.stdin = None
    rows = [b for b in tiny.batches(lambda: process.poll() is not None) if b.num_rows]
    coverage = tiny.health().to_pylist()
    process.communicate()
    found = pa.concat_tables([schema.conform(b, "activity") for b in rows]).to_pylist()
    emitted, lost = assert_books_balance(found, coverage)
    if sum(lost.values()):
        pytest.skip("this machine was too busy to drain in time; the losses were counted exactly")
    assert sum(r["path"] == "/etc/hostname" for r in found) == 2000
    assert emitted


@pytest.fixture
def denying(tiny, tmp_path):
    """A policy in the kernel without anybody who drains: scope number, bits, and what it denies."""
    (tmp_path / "secret").write_text("TOP-SECRET-4711")
    listener = socket.create_server(("127.0.0.1", 0))
    text = f"""
lictor: 1
name: full
defaults: {{ exec: allow, file.read: allow, file.write: allow }}
rules:
  - {{ id: secret, on: file.read, match: {{ path: {tmp_path}/secret }}, action: deny }}
  - {{ id: port, on: net.connect, match: {{ port: {listener.getsockname()[1]} }}, action: deny }}
"""
    program = compile_policies([load_policy(text, "full.yaml")], local_context("test"))
    installed = InstalledPolicy(kernel_plan(program), 1, tiny.map, tiny.seed)
    yield installed, tmp_path / "secret", listener
    installed.remove()
    listener.close()


def test_denial_holds_while_every_ring_is_full(tiny, denying, loadgen, acts, tmp_path):
    installed, secret, listener = denying
    bits = installed.exe_bits("/bin/sh")
    finish(start(tiny, loadgen, "open", 5 * EVENTS))
    finish(start(tiny, acts, "storm", tmp_path / "trace", 300))
    for _ in range(10):
        status, out = finish(start(tiny, "cat", secret, scope=1, exe_bits=bits))
        assert (status, out) == (-9, b"")
    connect = f"import socket, sys; sys.exit(socket.socket().connect_ex(('127.0.0.1', {listener.getsockname()[1]})))"
    status, _ = finish(start(tiny, "python3", "-I", "-c", connect, scope=1, exe_bits=bits))
    assert status == errno.EPERM
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.accept()
    rows, coverage = drained(tiny)
    _, lost = assert_books_balance(rows, coverage)
    assert sum(n for (_, c), n in lost.items() if c == "file") > 0
    assert sum(n for (_, c), n in lost.items() if c == "process") > 0


def test_denial_is_told_while_the_ring_of_files_is_full(tiny, denying, loadgen):
    """A denial goes through the small ring: a flood of files before it does not hide it."""
    installed, secret, _ = denying
    finish(start(tiny, loadgen, "open", 5 * EVENTS))
    finish(start(tiny, "cat", secret, scope=1, exe_bits=installed.exe_bits("/bin/sh")))
    rows, coverage = drained(tiny)
    assert_books_balance(rows, coverage)
    (row,) = [r for r in rows if r["verdict"] == "deny"]
    assert (row["path"], row["enforced_at"], row["outcome"]) == (str(secret), "kernel", "denied")
