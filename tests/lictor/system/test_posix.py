from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import psutil
import pytest

from lictor.system import posix


def test_users_are_those_of_the_user_database():
    me = pwd.getpwuid(os.geteuid())
    assert (posix.own_uid(), posix.user_name(me.pw_uid)) == (me.pw_uid, me.pw_name)
    assert posix.user_name(4_123_456_789) == "4123456789"
    assert posix.home_of(me.pw_name) == os.path.realpath(me.pw_dir)
    assert posix.home_of("surely-nobody") == "/home/surely-nobody"
    assert posix.user_of(psutil.Process()) == (me.pw_uid, me.pw_name, me.pw_dir)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [({"XDG_DATA_HOME": "/x"}, "/x"), ({"XDG_DATA_HOME": "x", "HOME": "/h"}, "/h/.local/share"), ({"HOME": "/h"}, "/h/.local/share")],
)  # fmt: skip
def test_a_relative_data_folder_is_ignored(environ, folder):
    assert posix.data_folder(environ) == Path(folder)


def test_services_of_a_user_are_with_the_session_else_in_the_home():
    assert posix.user_runtime({"XDG_RUNTIME_DIR": "/r"}, 1) == Path("/r/lictor")
    assert posix.user_runtime({"HOME": "/h"}, 4_123_456_789) == Path("/h/.cache/lictor/run")


def test_a_folder_is_open_to_all_lookers_whatever_the_umask(tmp_path):
    old = os.umask(0o077)
    try:
        posix.make_folder(tmp_path / "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o755


@pytest.mark.parametrize(("mode", "ours"), [(0o600, True), (0o644, True), (0o664, False), (0o646, False)])
def test_what_others_may_write_is_not_ours(tmp_path, mode, ours):
    file = tmp_path / "x"
    file.touch()
    file.chmod(mode)
    assert posix.is_ours(file, file.lstat()) is ours


def test_a_link_is_not_ours(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    assert not posix.is_ours(tmp_path / "link", (tmp_path / "link").lstat())
