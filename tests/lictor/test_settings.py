"""Where the lake lies, for each kind of user and environment."""

from pathlib import Path

import pytest

from lictor.settings import lake_path
from lictor.system.posix import data_folder


@pytest.mark.parametrize(
    ("option", "environ", "uid", "expected"),
    [
        ("/given", {"LICTOR_LAKE": "/variable"}, 0, "/given"),
        (None, {"LICTOR_LAKE": "/variable"}, 0, "/variable"),
        (None, {"LICTOR_LAKE": ""}, 0, "/var/lib/lictor"),
        (None, {"XDG_DATA_HOME": "/data"}, 0, "/var/lib/lictor"),
        (None, {"XDG_DATA_HOME": "/data", "HOME": "/home/u"}, 1000, "/data/lictor"),
        (None, {"XDG_DATA_HOME": "relative", "HOME": "/home/u"}, 1000, "/home/u/.local/share/lictor"),
        (None, {"HOME": "/home/u"}, 1000, "/home/u/.local/share/lictor"),
    ],
)
def test_option_variable_root_and_user_in_this_order(option, environ, uid, expected):
    assert lake_path(option and Path(option), environ=environ, uid=uid) == Path(expected)


def test_this_process_is_the_default(monkeypatch):
    monkeypatch.setenv("LICTOR_LAKE", "/here")
    assert lake_path() == Path("/here")


def test_without_any_variable_the_user_database_knows_the_home():
    assert data_folder({}) == Path.home() / ".local/share"
