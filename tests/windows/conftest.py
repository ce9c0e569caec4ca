"""What the Windows tests share. On another system only the file that runs them under Wine is collected."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib import util
from pathlib import Path

import pytest

from enforcer.interface import Order
from enforcer.windows import process
from enforcer.windows.job import Job

HERE = Path(__file__).parent
DRIVER = "test_under_wine.py"

collect_ignore = [DRIVER] if sys.platform == "win32" else [p.name for p in HERE.glob("test_*.py") if p.name != DRIVER]


def _counting():
    spec = util.spec_from_file_location("counting", HERE / "counting.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def count():
    made = _counting().Count()
    yield made
    made.close()


@pytest.fixture
def counts():
    """Function: one more count, for a test with several trees."""
    made = []

    def count():
        made.append(_counting().Count())
        return made[-1]

    yield count
    for one in made:
        one.close()


@pytest.fixture
def tree_exe():
    path = os.environ.get("LICTOR_TREE_EXE")
    if not path:
        pytest.skip("LICTOR_TREE_EXE does not name the compiled tests/windows/tree.c")
    return path


@pytest.fixture
def job():
    made = Job(fail="closed")
    yield made
    made.close()


@pytest.fixture
def start(tree_exe, count):
    """Function: start a tree outside of any job of ours, wait for all of it; what is left is ended afterwards."""
    started = []

    def begin(shape, wanted, *more):
        started.append(subprocess.Popen([tree_exe, str(count.port), shape, *map(str, more)]))
        arrived = (count.wait_for if more else count.wait)(wanted, 30)
        assert arrived, f"{len(count.pids)} of {wanted}"
        return started[-1]

    yield begin
    deadline = time.monotonic() + 10
    while count.look(0.05) and count.living() and time.monotonic() < deadline:
        for pid in count.pids.values():
            subprocess.run(["taskkill", "/f", "/pid", str(pid)], capture_output=True, check=False)
    for one in started:
        one.kill()
        one.wait(10)


@pytest.fixture
def order():
    """Function: an order about a process, made as the policy would."""

    def make(pid, action="kill", **more):
        return Order(action=action, run="r1", process_key=process.key(pid), pid=pid, **more)

    return make
