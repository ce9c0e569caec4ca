"""How the rings are drained: when, in how many batches, how it ends, what is kept; on the running kernel, with the eBPF sensor."""

from __future__ import annotations

import subprocess
import time

import numpy as np
import pytest

from collectors.ebpf.collector import EbpfCollector
from collectors.interface import Run
from collectors.kernel import collector as module

pytestmark = pytest.mark.kernel


QUIET = {(name, 0, 0) for name in ("process", "file", "network", "kernel")}


def quiet(sensor, interval, looks=50):
    """Whether there was an interval (s) without an event: processes of earlier tests may be ending still."""
    for _ in range(looks):
        for _ in sensor.batches(lambda: True):
            pass
        if {(c["class"], c["emitted"], c["lost"]) for c in sensor.health().to_pylist()} == QUIET:
            return True
        time.sleep(interval)
    return False


def test_health_counts_what_was_delivered(sensor):
    assert quiet(sensor, 0.2)
    number = sensor.add_run(Run("counted", None))
    child = subprocess.Popen(
        ["sh", "-c", "read _; for i in 1 2 3 4 5 6 7 8 9; do : </etc/hostname; done"], stdin=subprocess.PIPE
    )
    sensor.tag(child.pid, number)
    child.stdin.write(b"go\n")
    child.stdin.close()
    rows = [b for b in sensor.batches(lambda: child.poll() is not None) if b.num_rows]
    coverage = sensor.health().to_pylist()
    rest = [b for b in sensor.batches(lambda: True) if b.num_rows]
    mine = [r for b in rows + rest for r in b.select(["class", "agent_run"]).to_pylist() if r["agent_run"] == "counted"]
    files = sum(r["class"] == "file" for r in mine)  # rows of an earlier test may still have been held back
    counted = [c for c in coverage if c["class"] == "file"]
    assert sum(c["emitted"] for c in counted) == sum(c["delivered"] for c in counted) == files
    assert sum(c["lost"] for c in counted) == 0


def test_an_interval_without_events_is_a_row_too(sensor):
    assert quiet(sensor, 0.02)


def test_what_happens_ends_the_wait_of_an_idle_reader(sensor, monkeypatch):
    monkeypatch.setattr(module, "_IDLE", 30.0)
    child = subprocess.Popen(["sh", "-c", "read _; sleep 0.5; : </etc/hostname; read _"], stdin=subprocess.PIPE)
    sensor.tag(child.pid, sensor.add_run(Run("waking", None)))
    child.stdin.write(b"go\n")
    child.stdin.flush()
    begin = time.monotonic()
    try:
        for batch in sensor.batches(lambda: False):
            if "path" in batch.schema.names and "/etc/hostname" in batch["path"].to_pylist():
                break
    finally:
        child.kill()
        child.wait()
    assert time.monotonic() - begin < 15


def test_what_came_before_the_wait_ends_it_at_once(sensor):
    child = subprocess.Popen(["sh", "-c", "read _; : </etc/hostname"], stdin=subprocess.PIPE)
    sensor.tag(child.pid, sensor.add_run(Run("before", None)))
    child.communicate(b"go\n")
    begin = time.monotonic()
    sensor._any.poll(30_000)
    assert time.monotonic() - begin < 15
    assert [b for b in sensor.batches(lambda: True) if b.num_rows]


def test_an_idle_reader_asks_ten_times_a_second_and_uses_next_to_nothing(sensor):
    list(sensor.batches(lambda: True))
    asked, begin, used = [], time.monotonic(), time.process_time()

    def done():
        asked.append(time.monotonic())
        return asked[-1] - begin > 2

    assert sum(b.num_rows for b in sensor.batches(done)) == 0
    assert 5 <= len(asked) <= 25
    assert time.process_time() - used < 0.1


def test_however_many_programs_start_they_are_told_in_few_batches():
    told = []
    watching = EbpfCollector(None, on_candidates=told.append)
    watching.open()
    try:
        child = subprocess.Popen(["sh", "-c", "n=0; while [ $n -lt 300 ]; do n=$((n+1)); /bin/true; done"])
        begin = time.monotonic()
        assert sum(b.num_rows for b in watching.batches(lambda: child.poll() is not None)) == 0
        seconds = time.monotonic() - begin
    finally:
        watching.close()
    assert sum(c.exe.endswith("/true") for some in told for c in some) >= 300
    assert len(told) <= seconds / 0.025 + 3


def test_a_run_is_not_kept_waiting_by_the_programs_of_others(monkeypatch):
    monkeypatch.setattr(module, "_OTHERS", 30.0)
    watching = EbpfCollector(None, on_candidates=lambda _: None)
    watching.open()
    child = subprocess.Popen(
        ["sh", "-c", "read _; /bin/true; sleep 1; : </etc/hostname; read _"], stdin=subprocess.PIPE
    )
    watching.tag(child.pid, watching.add_run(Run("mine", None)))
    subprocess.run(["true"], check=True)
    begin = time.monotonic()
    try:
        child.stdin.write(b"go\n")
        child.stdin.flush()
        for batch in watching.batches(lambda: False):
            if "path" in batch.schema.names and "/etc/hostname" in batch["path"].to_pylist():
                break
    finally:
        child.kill()
        child.wait()
        watching.close()
    assert time.monotonic() - begin < 15


def test_memory_of_strings_is_bounded(sensor, monkeypatch, observe, tmp_path):
    monkeypatch.setattr(module, "_KEEP_STRINGS", 10)
    for i in range(30):
        (tmp_path / str(i)).touch()
    before = int(sensor._settings["epoch"][0])
    observe("sh", "-c", f"for f in {tmp_path}/*; do : <$f; done")
    assert int(sensor._settings["epoch"][0]) == before + 1
    monkeypatch.setattr(sensor, "_stale_strings", (sensor._stale_strings[0], 0.0))
    table, _ = observe("cat", str(tmp_path / "3"))  # its text is sent anew
    assert str(tmp_path / "3") in table["path"].to_pylist()
    assert len(sensor.context.strings) < 200
    assert np.all(sensor.context.strings.newest() > 0)


def test_a_run_that_never_rests_does_not_keep_the_reader(sensor):
    """Whoever does something with each batch finds more each time: the end is that of the moment when it was asked for."""
    child = subprocess.Popen(["sh", "-c", "read _; while :; do : </etc/hostname; done"], stdin=subprocess.PIPE)
    sensor.tag(child.pid, sensor.add_run(Run("restless", None)))
    rows, begin = 0, time.monotonic()
    try:
        child.stdin.write(b"go\n")
        child.stdin.flush()
        for batch in sensor.batches(lambda: time.monotonic() - begin > 0.3):
            rows += batch.num_rows
            assert time.monotonic() - begin < 10, "it never ends"
            time.sleep(0.02)
    finally:
        child.kill()
        child.wait()
    assert rows > 100


def test_how_full_the_rings_were_and_when_a_batch_was_begun(observe, sensor):
    before = time.monotonic_ns()
    sensor.fills()
    observe("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do : </etc/hostname; done")
    fills = sensor.fills()
    assert set(fills) == {"events", "priority", "strings"}
    assert 0 < fills["events"] < 0.1
    assert sensor.fills() == dict.fromkeys(fills, 0.0)
    assert before < sensor.began_ns < time.monotonic_ns()
