from __future__ import annotations

from types import SimpleNamespace

import pytest

from lictor.enforcing.machine import Machine, then
from lictor.enforcing.on_linux import LinuxMachine
from lictor.enforcing.on_windows import WindowsMachine


@pytest.mark.parametrize(("fail", "what"), [("closed", "kill"), ("open", "release")])
def test_what_becomes_of_a_run_that_was_left_frozen(fail, what):
    assert then(SimpleNamespace(fail=fail)) == what


@pytest.mark.parametrize("machine", [LinuxMachine, WindowsMachine])
def test_each_system_does_all_that_is_asked_of_one(machine):
    assert issubclass(machine, Machine)
    assert not machine.__abstractmethods__
