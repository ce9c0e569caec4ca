from __future__ import annotations

import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from tests.wine import windows_python
from tools import winpython


def test_another_recipe_is_another_folder(tmp_path, monkeypatch):
    before = winpython.folder(tmp_path)
    monkeypatch.setattr(winpython, "PACKAGES", ("other",))
    assert winpython.folder(tmp_path) != before
    assert before.parent == tmp_path / "winpython"


def test_path_is_one_of_wines_drive_z(tmp_path):
    (tmp_path / "a").mkdir()
    assert winpython.windows_path(tmp_path / "a") == "Z:" + str(tmp_path / "a").replace("/", "\\")


def test_interpreter_is_unpacked_and_nothing_else(tmp_path):
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("python311.dll", "_ctypes.pyd", "api-ms-win-crt.dll"):
            archive.writestr(f"deploy_libs/{name}", name)
        archive.writestr("panda3d/core.pyd", "no")
    winpython.unpack(wheel, tmp_path / "made")
    found = sorted(p.relative_to(tmp_path / "made").as_posix() for p in (tmp_path / "made").rglob("*") if p.is_file())
    assert found == ["DLLs/_ctypes.pyd", "python311.dll"]


def test_windows_python_sees_no_path_no_wish_and_no_display_of_the_hosts_python(tmp_path, monkeypatch):
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS", "DISPLAY"):
        monkeypatch.setenv(name, "1")
    made = winpython.environment(tmp_path, {"WHO": "me"})
    assert not {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS", "DISPLAY"} & made.keys()
    assert made["WHO"] == "me"
    assert made["WINEPREFIX"] == str(tmp_path / "prefix")


def test_programs_that_a_build_needs_are_named(monkeypatch):
    monkeypatch.setattr(winpython.shutil, "which", lambda _name: None)
    assert set(winpython.NEEDED) <= set(winpython.missing())


@pytest.mark.parametrize(
    ("version", "there", "wanted"), [((3, 11), False, []), ((3, 12), True, []), ((3, 12), False, ["no python"])]
)
def test_library_comes_from_the_python_that_runs_or_from_the_hosts(tmp_path, monkeypatch, version, there, wanted):
    host = tmp_path / "python3.11"
    if there:
        host.touch()
    monkeypatch.setattr(winpython, "HOST", str(host))
    monkeypatch.setattr(winpython.shutil, "which", lambda name: name)
    monkeypatch.setattr(winpython.sys, "version_info", version)
    assert winpython.missing() == [str(host) for _ in wanted]


@pytest.fixture
def wine(tmp_path, monkeypatch):
    """Function: a program in Wine's place that runs this script; and what was asked of its server."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    def write(name, script):
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    write("wineserver", f'echo "$WINEPREFIX $*" > {tmp_path}/asked')
    return lambda script: write("wine", script)


def runs(pid):
    try:
        return b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_windows_python_is_made_and_is_one():
    """Here, so that it is made while other tests run beside it: those that run in it are alone."""
    done = winpython.run(windows_python(), ["-c", "import os, sys; print(sys.platform, os.sep, *sys.version_info[:2])"])
    assert done.stdout.split() == ["win32", "\\", "3", "11"], done.stderr


def test_session_that_takes_too_long_is_ended_as_a_whole(wine, tmp_path):
    wine(f"sleep 77.125 & echo $! > {tmp_path}/child; sleep 77.125")
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        winpython.run(tmp_path, ["-c", "pass"], patience=0.5)
    assert time.monotonic() - began < 10
    until = time.monotonic() + 5
    while runs((tmp_path / "child").read_text().strip()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert (tmp_path / "asked").read_text() == f"{tmp_path}/prefix -k\n"


def test_process_that_has_lost_its_server_is_waited_for_by_nobody(wine, tmp_path):
    wine(f"echo out; sleep 78.125 & echo $! > {tmp_path}/child")
    began = time.monotonic()
    done = winpython.run(tmp_path, ["-c", "pass"], patience=30)
    assert (done.returncode, done.stdout) == (0, "out\n")
    assert time.monotonic() - began < 10
    assert not runs((tmp_path / "child").read_text().strip())


def test_process_that_has_its_server_is_waited_for(wine, tmp_path):
    server = tmp_path / "bin" / "wineserver64"
    server.write_text("#!/bin/sh\nsleep 6\n")
    server.chmod(0o755)
    wine("echo out; wineserver64 >/dev/null 2>&1 & sleep 4 &")
    began = time.monotonic()
    done = winpython.run(tmp_path, ["-c", "pass"], patience=30)
    assert done.stdout == "out\n"
    assert time.monotonic() - began > 3.5


def test_output_and_status_are_told_and_a_failure_is_raised_where_that_is_wanted(wine, tmp_path):
    wine('echo "out $3"; echo err >&2; exit 3')
    done = winpython.run(tmp_path, ["-c", "x"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "out x\n", "err\n")
    assert not (tmp_path / "asked").exists()
    with pytest.raises(subprocess.CalledProcessError):
        winpython.run(tmp_path, [], check=True)
