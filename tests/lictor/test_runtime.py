"""Folders of a running Lictor: where they are, who may write there, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lictor import runtime
from lictor.errors import LictorError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LICTOR_RUNTIME", str(tmp_path / "runtime"))
    return tmp_path / "runtime"


@pytest.mark.parametrize(
    ("environ", "uid", "expected"),
    [
        ({"LICTOR_RUNTIME": "/x/y"}, 0, "/x/y"),
        ({"LICTOR_RUNTIME": "/x/y", "XDG_RUNTIME_DIR": "/run/user/1000"}, 1000, "/x/y"),
        ({"XDG_RUNTIME_DIR": "/run/user/1000"}, 1000, "/run/user/1000/lictor"),
        ({"XDG_RUNTIME_DIR": "/run/user/1000"}, 0, "/run/lictor"),
        ({"XDG_RUNTIME_DIR": "relative", "HOME": "/home/a"}, 4242, "/home/a/.cache/lictor/run"),
        ({"LICTOR_RUNTIME": "relative"}, 0, "/run/lictor"),
        ({"HOME": "/home/a"}, 4242, "/home/a/.cache/lictor/run"),
    ],
)
def test_where_it_is(environ, uid, expected):
    assert runtime.runtime_dir(environ, uid) == Path(expected)


def test_a_session_that_the_environment_does_not_name_is_found(monkeypatch):
    monkeypatch.setattr(Path, "is_dir", lambda path: str(path) == "/run/user/1000")
    assert runtime.runtime_dir({"HOME": "/home/a"}, 1000) == Path("/run/user/1000/lictor")
    assert runtime.runtime_dir({"HOME": "/home/a"}, 1001) == Path("/home/a/.cache/lictor/run")


def test_what_lies_in_it(folder):
    assert runtime.control_dir() == folder / "control"
    assert runtime.run_dir("r-1") == folder / "runs" / "r-1"
    assert runtime.paused_file() == folder / "paused.json"


def test_every_level_is_open_to_readers_whatever_the_umask(folder):
    old = os.umask(0o077)
    try:
        runtime.made(runtime.run_dir("r-1"))
    finally:
        os.umask(old)
    for level in (folder, folder / "runs", folder / "runs" / "r-1"):
        status = level.stat()
        assert (status.st_mode & 0o7777, status.st_uid) == (0o755, os.geteuid())


def test_made_again_it_stays_as_it_is(folder):
    place = runtime.made(runtime.control_dir())
    (place / "a.sock").touch()
    assert runtime.made(place) == place
    assert (place / "a.sock").exists()


@pytest.mark.parametrize("level", ["", "runs", "runs/r-1"])
@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_folder_where_others_may_write_is_refused_on_every_level(folder, level, mode):
    runtime.made(runtime.run_dir("r-1"))
    (folder / level).chmod(mode)
    with pytest.raises(LictorError, match="others may write there"):
        runtime.made(runtime.run_dir("r-1"))


@pytest.mark.skipif(os.geteuid() != 0, reason="no root: nothing can be given to another user")
@pytest.mark.parametrize("level", ["", "control"])
def test_a_folder_of_somebody_else_is_refused(folder, level):
    runtime.made(runtime.control_dir())
    os.chown(folder / level, 65534, 65534)
    with pytest.raises(LictorError, match="others may write there"):
        runtime.made(runtime.control_dir())


def test_a_link_in_its_place_is_refused(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LictorError, match="others may write there"):
        runtime.made(runtime.control_dir())
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_file_in_its_place_is_refused(folder):
    folder.touch(mode=0o644)
    with pytest.raises(LictorError, match="others may write there"):
        runtime.made(folder)


def test_where_nothing_can_be_made_the_next_step_is_named(monkeypatch):
    monkeypatch.setenv("LICTOR_RUNTIME", "/proc/lictor")
    with pytest.raises(LictorError, match="set LICTOR_RUNTIME to a folder"):
        runtime.made(runtime.control_dir())


def test_a_relative_variable_is_told_to_whoever_makes_or_looks(monkeypatch):
    monkeypatch.setenv("LICTOR_RUNTIME", "here")
    with pytest.raises(LictorError, match="whole path"):
        runtime.made(runtime.control_dir())
    with pytest.raises(LictorError, match="whole path"):
        runtime.control_dirs()


def test_services_are_looked_for_where_the_variable_says_and_nowhere_else(folder):
    assert runtime.control_dirs() == []
    runtime.made(runtime.control_dir())
    assert runtime.control_dirs() == [folder / "control"]


def test_services_are_not_looked_for_where_others_could_have_put_them(folder):
    runtime.made(runtime.control_dir()).chmod(0o777)
    with pytest.raises(LictorError, match="others may write there"):
        runtime.control_dirs()


@pytest.mark.skipif(os.geteuid() != 0, reason="no root: no process of another user")
def test_another_user_finds_the_services_of_root_beside_its_own(tmp_path):
    """Copies stand for /run and for the user's own folder."""
    system, own = tmp_path / "run" / "control", tmp_path / "user" / "lictor" / "control"
    for place in (system, own):
        place.mkdir(parents=True)
    code = (
        "import sys\nfrom pathlib import Path\nfrom lictor import runtime\n"
        "runtime.SYSTEM = Path(sys.argv[1])\nruntime.os.geteuid = lambda: 65534\nprint(*runtime.control_dirs())"
    )
    environment = {k: v for k, v in os.environ.items() if k != "LICTOR_RUNTIME"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(system.parent)], env=environment | {"XDG_RUNTIME_DIR": str(tmp_path / "user")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [str(own), str(system)]
