"""The service as Windows' own service manager runs it: it finds an agent, a policy ends it, and it stops when it is told to."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import win32service

from pipeline.lake.reader import Lake

CODE = Path(__file__).parents[2]
POLICY = """\
lictor: 1
name: service
rules:
  - { id: grown, on: exec, match: { argv: "*claude.exe* 0" }, action: kill }
"""
HOST = """
import sys
sys.path.insert(0, {code!r})
from lictor.winservice.__main__ import main
sys.exit(main(["host", "--home", {home!r}, "--source", "portable", "--unsealed"]))
"""
PATIENCE_S = 60


@pytest.fixture
def home(tmp_path):
    """Folder of the service, with a policy."""
    (tmp_path / "home" / "policies").mkdir(parents=True)
    (tmp_path / "home" / "policies" / "one.yaml").write_text(POLICY)
    return tmp_path / "home"


@pytest.fixture
def service(home, tmp_path):
    """The service, made and removed again; the service manager gives it no variables of ours, so a file says where the code is."""
    host = tmp_path / "host.py"
    host.write_text(HOST.format(code=str(CODE), home=str(home)))
    manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_ALL_ACCESS)
    made = win32service.CreateService(
        manager, "LictorTest", "Lictor (test)", win32service.SERVICE_ALL_ACCESS, win32service.SERVICE_WIN32_OWN_PROCESS,
        win32service.SERVICE_DEMAND_START, win32service.SERVICE_ERROR_NORMAL, f'"{sys.executable}" "{host}"',
        None, 0, None, None, None,
    )  # fmt: skip
    yield made
    try:
        if state(made) != win32service.SERVICE_STOPPED:
            win32service.ControlService(made, win32service.SERVICE_CONTROL_STOP)
            until(lambda: state(made) == win32service.SERVICE_STOPPED)
    finally:
        win32service.DeleteService(made)


def state(service):
    return win32service.QueryServiceStatus(service)[1]


def until(holds, told=str):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


def log(home):
    path = home / "log" / "service.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_agent_is_found_judged_and_ended(service, home, tmp_path, tree_exe, count):
    agent = tmp_path / "claude.exe"
    shutil.copy(tree_exe, agent)
    win32service.StartService(service, None)
    until(lambda: "watching" in log(home), lambda: log(home))
    # Children come while the run is watched: those from before it was found are members, and no row says how they began.
    running = subprocess.Popen([str(agent), str(count.port), "0", "500"])
    until(lambda: "found claude-code" in log(home), lambda: log(home))
    until(lambda: running.poll() is not None, lambda: log(home))
    assert running.returncode == 137, log(home)
    assert count.wait(0, 5), count.pids
    win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)
    until(lambda: state(service) == win32service.SERVICE_STOPPED)
    assert log(home).splitlines()[-1].endswith("ended as it was told to")
    # One for each child that was seen before the end: on a busy machine that may be two.
    told = "SELECT process_key, enforcement, evidence FROM actions WHERE phase = 'result'"
    deeds = Lake(home / "lake").query(told).to_pylist()
    assert len({deed["process_key"] for deed in deeds}) == len(deeds)
    assert {deed["enforcement"] for deed in deeds} == {"confirmed"}
    assert all(deed["evidence"].startswith("TerminateJobObject") for deed in deeds), deeds


def test_service_with_a_broken_policy_does_not_watch_and_says_why(service, home):
    (home / "policies" / "two.yaml").write_text("lictor: 1\nname: broken\nrules: nothing\n")
    win32service.StartService(service, None)
    until(lambda: "ended: " in log(home))
    until(lambda: state(service) == win32service.SERVICE_STOPPED)
    assert "two.yaml:3" in log(home)
    # ERROR_SERVICE_SPECIFIC_ERROR, and what pywin32 says for a service whose life ended with an exception
    assert win32service.QueryServiceStatus(service)[3:5] == (1066, 0x20000001)
    assert not (home / "lake").exists()
