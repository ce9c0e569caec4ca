"""Whole exports by the command line: receivers and exporters killed in the middle, and nothing lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pyarrow as pa
import pytest

from pipeline.lake.writer import LakeWriter
from tests.receivers.http import answer_json, receiver
from tests.receivers.rsyslog import Rsyslog

HOSTILE = '/x\n<34>1 - - - - - - forged\r\n{"event":"forged"}\u2028\x1b[2J\u202e\x00]" a=b|c\\'
BATCH = 500


def rows(first, count):
    numbers = range(first, first + count)
    return pa.table(
        {
            "time": pa.array([1_790_000_000_000_000 + n for n in numbers], pa.timestamp("us", "UTC")),
            "boot_id": ["boot"] * count, "source": ["ebpf"] * count, "cpu": pa.array([0] * count, pa.int32()),
            "class": ["file"] * count, "seq": pa.array(numbers, pa.int64()), "host": ["box"] * count,
            "operation": ["file.read"] * count, "path": [HOSTILE] * count, "verdict": [("allow", "deny")[n % 2] for n in numbers],
        }
    )  # fmt: skip


@pytest.fixture
def lake(tmp_path):
    """Some sealed rows; ``grow`` adds more while an export runs."""
    folder = tmp_path / "lake"
    with LakeWriter(folder, "box") as writer:
        writer.append("activity", rows(0, 2000))
    return folder


class Growing:
    """Appends rows in the background, a few at a time, until ``total`` are there."""

    def __init__(self, folder, first, total):
        self._folder, self._first, self._total = folder, first, total
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with LakeWriter(self._folder, "box") as writer:
            for first in range(self._first, self._total, 250):
                writer.append("activity", rows(first, min(250, self._total - first)))
                writer.sync()
                time.sleep(0.05)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join(60)


def command(lake, *arguments, env=None):
    return subprocess.Popen(
        [sys.executable, "-m", "lictor", "export", *arguments, "--lake", str(lake)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
    )  # fmt: skip


def follow(lake, to, *more):
    return command(
        lake, "--as", "json", "--table", "activity", "--to", to, "--name", "d", "--follow", "--batch",
        f"events={BATCH},seconds=0.1s", *more,
    )  # fmt: skip


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def ended(process, number=signal.SIGTERM):
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err.decode()


def check(numbers, total, repeats):
    counted = Counter(numbers)
    assert set(counted) == set(range(total)), "something was lost"
    assert sum(counted.values()) - total <= repeats, "more repeats than one batch for each kill"


def syslog_events(daemon):
    return [json.loads(m["msg"]) for m in daemon.received()]


def test_syslog_daemon_killed_and_started_again(lake, tmp_path):
    daemon = Rsyslog(tmp_path, "tcp")
    process = follow(lake, f"syslog+tcp://127.0.0.1:{daemon.port}?timeout=5s")
    try:
        with Growing(lake, 2000, 8000):
            for wanted in (1000, 4000):
                until(lambda wanted=wanted: len(daemon.received()) >= wanted)
                daemon.freeze()
                time.sleep(0.3)
                daemon.kill()
                time.sleep(0.5)
                daemon.start()
        until(lambda: len({e["seq"] for e in syslog_events(daemon)}) == 8000)
        status, _, said = ended(process)
    finally:
        process.kill()
        daemon.stop()
    assert (status, said) == (0, "")
    found = syslog_events(daemon)
    # One batch that was cut off, and the one before it, which the daemon might not have kept.
    check([e["seq"] for e in found], 8000, 2 * 2 * BATCH)
    assert {e["path"] for e in found} == {HOSTILE}
    assert len({e["event_id"] for e in found}) == 8000


class Splunk:
    """Keeps what it acknowledged; what it only took is lost when it is killed, as in the real one."""

    def __init__(self):
        self.indexed, self.taken, self.number = [], {}, 0

    def __call__(self, request):
        if "/ack" in request.path:
            said = {}
            for n in json.loads(request.body)["acks"]:
                found = self.taken.pop(n, None)
                said[str(n)] = found is not None
                self.indexed += found or []
            return answer_json(200, {"acks": said})
        self.number += 1
        self.taken[self.number] = request.lines
        return answer_json(200, {"text": "Success", "code": 0, "ackId": self.number})


def test_splunk_killed_and_started_again(lake, monkeypatch):
    monkeypatch.setenv("HEC_TOKEN", "t0ken")
    splunk = Splunk()
    with receiver(splunk) as server:
        to = f"splunk+http://127.0.0.1:{server.port}?ack=true&ack_timeout=2s&timeout=2s"
        process = follow(lake, to, "--secret", "token=env:HEC_TOKEN")
        try:
            with Growing(lake, 2000, 6000):
                for wanted in (500, 3000):
                    until(lambda wanted=wanted: len(splunk.indexed) >= wanted)
                    server.kill()
                    splunk.taken.clear()
                    time.sleep(0.5)
                    server.start()
            until(lambda: len({e["event"]["seq"] for e in splunk.indexed}) == 6000)
            status, _, said = ended(process)
        finally:
            process.kill()
    assert (status, said) == (0, "")
    check([e["event"]["seq"] for e in splunk.indexed], 6000, 2 * BATCH)
    assert {e["event"]["event_id"] for e in splunk.indexed} == {e["fields"]["lictor_id"] for e in splunk.indexed}


def test_exporter_killed_and_started_again(lake, tmp_path):
    out, kills = tmp_path / "out.jsonl", 4
    with Growing(lake, 2000, 6000):
        for kill in range(kills):
            process = follow(lake, f"file://{out}")
            until(lambda kill=kill: out.exists() and out.read_bytes().count(b"\n") >= 500 * (kill + 1))
            process.kill()
            process.communicate()
    process = follow(lake, f"file://{out}")
    until(lambda: len({json.loads(line)["seq"] for line in out.read_bytes().split(b"\n")[:-1]}) == 6000)
    status, _, said = ended(process)
    assert (status, said) == (0, "")
    check([json.loads(line)["seq"] for line in out.read_text().splitlines()], 6000, kills * BATCH)


def test_one_export_is_exact_and_leaves_nothing_in_the_lake(lake, tmp_path):
    before = sorted(lake.rglob("*"))
    out = tmp_path / "out.jsonl"
    process = command(
        lake, "--as", "json", "--to", f"file://{out}", "--where", "verdict = 'deny'", "--table", "activity", "--name", "f"
    )  # fmt: skip
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.decode()) == (0, "f: 1000 events sent\n")
    assert [json.loads(line)["seq"] for line in out.read_text().splitlines()] == list(range(1, 2000, 2))
    assert sorted(lake.rglob("*")) == before
    process = command(lake, "--as", "json", "--to", f"file://{out}")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "is there already" in err.decode()
