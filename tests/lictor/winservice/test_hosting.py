"""What the service manager is told, with pywin32's part made up; the real one is tested under Wine."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from lictor.winservice import hosting, serving
from lictor.winservice.settings import ServiceSettings

STARTING, STOPPING, RUNNING = 2, 3, 4


@pytest.fixture
def windows(monkeypatch):
    """pywin32's three modules; ``told`` is what the service manager was told, ``logged`` what the event log has."""
    seen = SimpleNamespace(told=[], logged=[])

    class Framework:
        def __init__(self, words):
            self.words = words

        def ReportServiceStatus(self, state, waitHint=0):  # noqa: ARG002, N802, N803 - the names are those of pywin32
            seen.told.append(state)

    names = {"SERVICE_START_PENDING": STARTING, "SERVICE_STOP_PENDING": STOPPING, "SERVICE_RUNNING": RUNNING}
    for name, members in {
        "win32service": names,
        "win32serviceutil": {"ServiceFramework": Framework},
        "servicemanager": {"LogErrorMsg": seen.logged.append},
    }.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    return seen


def service():
    return hosting.service_class(ServiceSettings())(["Lictor"])


def test_it_runs_when_it_watches_and_not_before(windows, monkeypatch):
    made = service()

    def serve(_settings, stop):
        assert windows.told == [STARTING]
        made.SvcInterrogate()
        assert windows.told.pop() == STARTING
        assert not stop()
        assert windows.told == [STARTING, RUNNING]
        made.SvcShutdown()
        assert stop()

    monkeypatch.setattr(serving, "serve", serve)
    made.SvcRun()
    assert windows.told == [STARTING, RUNNING, STOPPING, STOPPING]
    assert windows.logged == []


def test_a_failure_is_in_the_event_log_and_gives_a_code(windows, monkeypatch):
    monkeypatch.setattr(serving, "serve", lambda *_: "no policy")
    with pytest.raises(hosting.ServiceFailedError, match="no policy"):
        service().SvcRun()
    assert windows.logged == ["Lictor ended: no policy"]
    assert windows.told == [STARTING]


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_it_says_what_to_use(capsys):
    assert hosting.host(ServiceSettings()) == 2
    assert "lictor watch" in capsys.readouterr().err


def test_the_service_manager_is_answered_before_the_engine_is_read():
    code = "import sys, lictor.winservice.__main__; print(sorted({'pyarrow', 'duckdb', 'numpy', 'psutil'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
