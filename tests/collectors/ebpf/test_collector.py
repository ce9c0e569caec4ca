"""The collector on the running kernel: what tagged processes do, only that, and what was lost of it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from collectors.ebpf import collector as module
from collectors.ebpf.collector import EbpfCollector
from collectors.identity import process_key_from_proc
from collectors.interface import CollectorError, Run
from collectors.kernel.libbpf import KernelRefusalError, Object
from collectors.kernel.records import SETTINGS

pytestmark = pytest.mark.kernel


def test_rows_are_those_of_the_tagged_process_only(observe):
    other = subprocess.Popen(["sh", "-c", "while :; do : </etc/passwd; done"])
    try:
        table, child = observe("cat", "/etc/hostname", stdout=subprocess.DEVNULL)
    finally:
        other.kill()
        other.wait()
    assert child.returncode == 0
    assert "/etc/hostname" in table["path"].to_pylist()
    assert "/etc/passwd" not in table["path"].to_pylist()
    assert set(table["pid"].to_pylist()) == {child.pid}
    assert table["time_ns"].to_pylist() == sorted(table["time_ns"].to_pylist())


def test_times_are_those_of_the_wall_clock(observe):
    before = time.time_ns()
    table, _ = observe("true")
    assert before - 10**9 < table["time_ns"][0].as_py() <= time.time_ns() + 10**9


def test_tagged_tells_the_run_and_children_inherit_it(sensor):
    number = sensor.add_run(Run("inherits", None))
    child = subprocess.Popen(["sh", "-c", "read _; sleep 5 & read _"], stdin=subprocess.PIPE)
    try:
        assert sensor.tagged(child.pid) == 0
        sensor.tag(child.pid, number)
        child.stdin.write(b"go\n")
        child.stdin.flush()
        while not (grandchildren := psutil.Process(child.pid).children()):
            time.sleep(0.01)
        assert sensor.tagged(child.pid) == sensor.tagged(grandchildren[0].pid) == number
        assert sensor.tagged(os.getpid()) == 0
    finally:
        for process in psutil.Process(child.pid).children():
            process.kill()
        child.kill()
        child.wait()


def test_a_process_that_is_gone_cannot_be_tagged(sensor):
    child = subprocess.Popen(["true"])
    child.wait()
    with pytest.raises(CollectorError, match=f"process {child.pid} cannot be tagged"):
        sensor.tag(child.pid, 1)
    assert sensor.tagged(child.pid) == 0


def test_all_threads_of_a_running_process_are_followed(sensor, tmp_path):
    script = (
        "import threading, sys\n"
        "go = threading.Event()\n"
        f"threads = [threading.Thread(target=lambda i=i: (go.wait(), open('{tmp_path}/' + str(i), 'w').close())) for i in range(3)]\n"
        "[t.start() for t in threads]\n"
        "print('up', flush=True); sys.stdin.readline(); go.set(); [t.join() for t in threads]\n"
    )
    child = subprocess.Popen(["python3", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"up\n"
    sensor.tag(child.pid, sensor.add_run(Run("threads", None)), running=True)
    child.stdin.write(b"go\n")
    child.stdin.close()
    made = set()
    for batch in sensor.batches(lambda: child.poll() is not None):
        if batch.num_rows:
            rows = batch.select(["operation", "path", "quality", "exe"]).to_pylist()
            created = [r for r in rows if r["operation"] == "file.create" and r["path"].startswith(str(tmp_path))]
            made |= {Path(r["path"]).name for r in created}
            assert all("from_proc" in r["quality"] for r in created)
            assert all(Path(r["exe"]).name.startswith("python3") for r in created)
    assert made == {"0", "1", "2"}


def test_candidates_are_the_execs_of_everybody_else():
    told = []
    watching = EbpfCollector(None, on_candidates=told.extend)
    watching.open()
    try:
        child = subprocess.Popen(["sh", "-c", 'exec sleep 0.05 "$@"', "sh", "0.01"])
        key = process_key_from_proc(child.pid)
        assert sum(b.num_rows for b in watching.batches(lambda: child.poll() is not None)) == 0
    finally:
        watching.close()
    (found,) = [c for c in told if c.pid == child.pid and Path(c.exe).name == "sleep"]
    assert found.process_key == key
    assert found.argv == ["sleep", "0.05", "0.01"]


def test_isolating_is_switched_on_by_the_first_and_off_after_the_last(sensor):
    def on():
        return bool(np.frombuffer(sensor.map("setup").lookup(b"\0" * 4, SETTINGS.itemsize), SETTINGS)["isolating"][0])

    before = sensor._settings.copy()
    seen = []
    for step, number in (
        (sensor.isolate, 7),
        (sensor.isolate, 8),
        (sensor.join, 7),
        (sensor.join, 7),
        (sensor.join, 8),
    ):
        step(number)
        seen.append((on(), sensor.isolated(7), sensor.isolated(8)))
    assert seen == [
        (True, True, False),
        (True, True, True),
        (True, False, True),
        (True, False, True),
        (False, False, False),
    ]
    assert sensor._settings == before  # nothing else of it was touched


def test_no_more_runs_are_isolated_than_the_kernel_holds_and_that_is_told(sensor):
    numbers = range(100, 100 + 1024)
    try:
        for number in numbers:
            sensor.isolate(number)
        with pytest.raises(KernelRefusalError, match="isolated did not take an entry"):
            sensor.isolate(99)
        assert not sensor.isolated(99)
    finally:
        for number in numbers:
            sensor.join(number)


def test_without_network_hooks_it_still_observes_and_says_so(monkeypatch):
    def refusing(path, sizes, *, without=None):
        if without is None:
            raise KernelRefusalError("the kernel refused the sensor")
        return Object(path, sizes, without=without)

    monkeypatch.setattr(module, "Object", refusing)
    lesser = EbpfCollector(Path("/sys/fs/cgroup"))
    lesser.open()
    try:
        assert "not refused inline" in lesser.notes[0]
    finally:
        lesser.close()


def test_close_leaves_nothing_attached_and_may_be_said_twice():
    before = len(os.listdir("/proc/self/fd"))
    made = EbpfCollector(None)
    made.open()
    made.close()
    made.close()
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(CollectorError, match="not open"):
        made.map("tags")


def test_a_sensor_that_was_not_built_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "OBJECT", tmp_path / "sensor.bpf.o")
    with pytest.raises(CollectorError, match="make sensor"):
        EbpfCollector(None).open()
