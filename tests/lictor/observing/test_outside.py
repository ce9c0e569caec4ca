"""The service from outside, held against /proc; and export status files of every kind."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from lictor.observing.outside import Outside, lag_of
from pipeline.export.status import Status, StatusFile


def read(pid, lake):
    return {(reading.name, *reading.attributes): reading.value for reading in Outside(pid, lake).read()}


def test_memory_and_time_are_what_proc_says(tmp_path):
    begin = time.time()
    with subprocess.Popen(
        ["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read _"], stdin=-1, stdout=-1
    ) as child:
        child.stdout.readline()
        found = read(child.pid, tmp_path)
        status = Path(f"/proc/{child.pid}/status").read_text()
        ticks = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        child.stdin.close()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert found["process.memory.usage",] == pytest.approx(resident * 1024, rel=0.2)
    user, system = (int(t) / os.sysconf("SC_CLK_TCK") for t in ticks)
    assert user > 0
    assert (found["process.cpu.time", "user"], found["process.cpu.time", "system"]) == pytest.approx(
        (user, system), abs=0.05
    )
    assert 0 <= found["process.uptime",] <= time.time() - begin + 1


@pytest.fixture
def gone():
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


@pytest.fixture
def export(tmp_path):
    """Function: the status of an export to ``siem``, as ``lictor export`` writes it; its folder."""

    def write(**values):
        folder = tmp_path / "export" / "siem"
        folder.mkdir(parents=True, exist_ok=True)
        status = Status("siem", "syslog://h", "ocsf", **{"pid": os.getpid(), **values})
        StatusFile(folder, status, lambda: values.get("updated", time.time())).update(now=True)
        return folder

    return write


def test_a_service_that_is_gone_has_nothing_and_exports_are_told_all_the_same(tmp_path, gone, export):
    export(oldest_waiting=time.time() - 12.5)
    ((key, lag),) = read(gone, tmp_path).items()
    assert key == ("lictor.export.lag", "siem")
    assert lag == pytest.approx(12.5, abs=5)


def test_an_export_with_nothing_to_do_is_not_behind(export):
    assert lag_of(export(), 10**10) == 0


def test_an_export_is_further_behind_as_time_goes_by(export):
    folder = export(oldest_waiting=1000.0, updated=1001.0)
    assert [lag_of(folder, now) for now in (1001.0, 1100.0)] == [1.0, 100.0]


@pytest.mark.parametrize("state", ["running", "waiting"])
def test_an_export_that_died_without_a_word_is_behind_since_then(export, gone, state):
    assert lag_of(export(pid=gone, updated=1000.0, state=state), 1060.0) == 60.0
    assert lag_of(export(pid=gone, updated=1000.0, oldest_waiting=990.0), 1060.0) == 70.0
    assert lag_of(export(pid=gone, updated=1000.0, state="stopped"), 1060.0) == 0.0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\0"])
def test_a_status_that_says_nothing_is_none(tmp_path, text):
    (tmp_path / "status.json").write_text(text)
    assert lag_of(tmp_path, 0.0) is None


def test_no_file_is_none(tmp_path):
    assert lag_of(tmp_path, 0.0) is None
