from __future__ import annotations

import pytest

from collectors.etw.machine import Seen
from collectors.portable import windows


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(windows, "_parents", {})


def listed(monkeypatch, *rows):
    """Processes of the system's list as (pid, parent, created); ``asked`` counts how often it was read."""
    asked = []
    seen = [Seen(pid=pid, parent=parent, created=created, name="x.exe") for pid, parent, created in rows]
    monkeypatch.setattr(windows.machine, "processes", lambda: asked.append(1) or seen)
    monkeypatch.setattr(windows, "created_at", lambda pid: next(s.created for s in seen if s.pid == pid))
    return asked


def test_a_parent_is_the_one_of_the_systems_list_and_is_asked_for_once(monkeypatch):
    asked = listed(monkeypatch, (10, 1, 100), (20, 10, 200))
    assert windows.look(20) == windows.look(20) == (200, 10)
    assert len(asked) == 1


def test_a_parent_that_is_younger_took_over_a_pid_and_is_none(monkeypatch):
    listed(monkeypatch, (10, 1, 300), (20, 10, 200))
    assert windows.look(20) == (200, 0)


def test_a_parent_that_is_gone_is_none(monkeypatch):
    listed(monkeypatch, (20, 10, 200))
    assert windows.look(20) == (200, 0)


def test_a_pid_that_is_used_again_is_looked_at_again(monkeypatch):
    listed(monkeypatch, (10, 1, 100), (20, 10, 200))
    assert windows.look(20) == (200, 10)
    asked = listed(monkeypatch, (11, 1, 100), (20, 11, 400))
    assert windows.look(20) == (400, 11)
    assert len(asked) == 1


def test_elsewhere_there_is_no_such_process():
    with pytest.raises(ProcessLookupError):
        windows.created_at(4)
