"""The context of a command started here is what the system says of this process."""

import os
import pwd
import socket

from lictor import context


def test_links_are_resolved_and_the_rest_is_the_systems(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path / "link")
    monkeypatch.setenv("HOME", str(tmp_path / "link"))
    monkeypatch.setenv("LICTOR_TEST", "x")
    found = context.local_context("codex")
    real = os.path.realpath(tmp_path / "real")
    assert (found.workspace, found.home, found.agent, found.host) == (real, real, "codex", socket.gethostname())
    assert found.env["LICTOR_TEST"] == "x"


def test_the_users_name_is_that_of_the_user_database(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert context.user_name() == pwd.getpwuid(os.getuid()).pw_name


def test_a_user_whom_nobody_knows_is_a_number(monkeypatch):
    def unknown(*_):
        raise KeyError

    monkeypatch.setattr(context.getpass, "getuser", unknown)
    monkeypatch.setattr("lictor.system.posix.pwd.getpwuid", unknown)
    assert context.user_name() == str(os.getuid())
