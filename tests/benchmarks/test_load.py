"""The load generator's own count is true: the system says the same."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from benchmarks import load

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the load generator needs a C compiler")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return load.compiled(tmp_path_factory.mktemp("load"))


def test_count_is_what_strace_counts(program, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    target = tmp_path / "target"
    target.touch()
    log = tmp_path / "log"
    command = [
        "strace",
        "-f",
        "-o",
        str(log),
        "-e",
        "trace=open,openat",
        str(program),
        "open",
        "300",
        "--path",
        str(target),
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert log.read_text().count(str(target)) == 300


@pytest.mark.parametrize(("kind", "failed"), [("open", 0), ("missing", 50), ("getppid", 0), ("exec", 0)])
def test_done_and_failed(program, tmp_path, kind, failed):
    path = tmp_path / "file" if kind == "missing" else "/bin/true"
    count = load.run(program, kind, 50, "--path", str(path))
    assert (count.kind, count.done, count.failed) == (kind, 50, failed)
    assert count.cpu_ns > 0


def test_it_waits_until_it_is_let_go(program):
    with load.Load(program, "open", 10, "--path", "/bin/true") as waiting:
        assert waiting.running()
        assert waiting.go().count().done == 10


def test_rate_is_kept(program):
    count = load.run(program, "open", 200, "--path", "/bin/true", "--rate", "1000")
    assert count.wall_s >= 0.15
