"""The load generator's own count against what the system saw of it."""

from __future__ import annotations

import shutil
import socket
import subprocess

import pytest

from benchmarks import load


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if shutil.which("cc") is None:
        pytest.skip("the load generator needs a C compiler (apt install gcc)")
    return load.compiled(tmp_path_factory.mktemp("loadgen"))


def test_opens_are_counted_and_cost_processor_time(program):
    count = load.run(program, "open", 2000, "--threads", "3")
    assert (count.kind, count.done, count.failed, count.threads) == ("open", 2000, 0, 3)
    assert count.cpu_ns == pytest.approx(count.cpu_s / 2000 * 1e9, rel=0.01)


def test_failures_are_counted(program, tmp_path):
    assert load.run(program, "missing", 10, "--path", str(tmp_path / "absent")).failed == 10
    assert load.run(program, "exec", 3, "--path", "/bin/false").failed == 3


def test_connects_arrive(program):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        count = load.run(program, "connect", 5, "--port", str(listener.getsockname()[1]))
        assert (count.done, count.failed) == (5, 0)
        for _ in range(5):
            listener.accept()[0].close()


def test_a_rate_is_not_exceeded(program):
    assert load.run(program, "getppid", 200, "--rate", "1000").wall_s >= 0.19


def test_it_waits_until_it_is_let_go(program):
    with load.Load(program, "getppid", 10) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting._process.wait(0.1)
        assert waiting.running()
        assert waiting.go().count().pid == waiting.pid


def test_one_that_is_not_wanted_any_more_is_ended(program):
    with load.Load(program, "getppid", 10) as waiting:
        pass
    assert not waiting.running()


@pytest.mark.parametrize("arguments", [(), ("open",), ("absent", "1"), ("open", "0"), ("open", "5", "--rate")])
def test_wrong_usage_is_refused(program, arguments):
    done = subprocess.run([program, *arguments], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"usage" in done.stderr
