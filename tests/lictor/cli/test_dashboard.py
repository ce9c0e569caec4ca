"""``lictor dashboard-account``, and what ``lictor dashboard`` makes of its options."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest

from dashboards.auth import accounts
from dashboards.auth.accounts import AccountsDoor
from dashboards.interface import Role
from lictor.dashboard import serving

PASSWORD = "correct horse battery"


@pytest.fixture
def typed(monkeypatch):
    """Function: what stands on standard input."""

    def given(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    given("")
    return given


@pytest.fixture
def file(tmp_path):
    return tmp_path / "accounts.json"


@pytest.fixture
def account(lictor, typed, file):
    """Function: one command about accounts, with a password on standard input."""

    def run(*arguments, password=PASSWORD):
        typed(f"{password}\nnext line")
        return lictor("dashboard-account", *arguments, "--accounts", file)

    return run


def test_account_that_was_added_may_sign_in(account, file):
    ended = account("add", "ann", "--role", "responder")
    assert (ended.status, ended.out) == (0, "ann: responder\n")
    assert AccountsDoor(file).by_password("ann", PASSWORD).account.role is Role.responder
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()


def test_without_a_role_it_is_a_viewer(account, file):
    account("add", "vic")
    assert accounts.read(file)["vic"].role is Role.viewer


def test_adding_again_changes_role_and_password_and_nobody_else(account, file):
    account("add", "ann", "--role", "admin")
    account("add", "vic")
    account("add", "ann", "--role", "viewer", password="another long password")
    door = AccountsDoor(file)
    assert door.by_password("ann", PASSWORD) is None
    assert door.by_password("ann", "another long password").account.role is Role.viewer
    assert door.by_password("vic", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "password", "told"),
    [
        (("add", "ann"), "short", "12 to 1024 characters"),
        (("add", "ann"), "", "12 to 1024 characters"),
        (("add", "a b"), PASSWORD, "no name for an account"),
        (("add", "ann", "--role", "king"), PASSWORD, "--role"),
        (("remove", "eve"), PASSWORD, "there is no account 'eve'"),
    ],
)
def test_what_will_not_do_changes_nothing(account, file, arguments, password, told):
    account("add", "zoe")
    before = file.read_text()
    ended = account(*arguments, password=password)
    assert ended.status == 2
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1
    assert file.read_text() == before


def test_removed_account_may_not_sign_in(account, file):
    account("add", "ann")
    account("add", "vic")
    assert account("remove", "ann").out == "ann: removed\n"
    assert set(accounts.read(file)) == {"vic"}


def test_list_has_names_and_roles_and_no_hashes(account):
    account("add", "vic")
    account("add", "ann", "--role", "admin")
    assert json.loads(account("list", "--format", "json").out) == [
        {"name": "ann", "role": "admin"}, {"name": "vic", "role": "viewer"},
    ]  # fmt: skip
    assert "argon2" not in account("list").out


def test_file_that_others_may_read_is_not_used(account, file):
    account("add", "ann")
    file.chmod(0o644)
    for arguments in (("add", "vic"), ("remove", "ann"), ("list",)):
        ended = account(*arguments)
        assert ended.status == 2
        assert "chmod 600" in ended.err


def test_missing_file_is_told(account):
    ended = account("list")
    assert ended.status == 2
    assert "No such file" in ended.err


@pytest.mark.parametrize(("again", "status"), [(PASSWORD, 0), ("another", 2)])
def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(lictor, file, monkeypatch, again, status):
    answers = [PASSWORD, again]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", lambda _: answers.pop(0))
    ended = lictor("dashboard-account", "add", "ann", "--accounts", file)
    assert ended.status == status
    assert file.exists() is (status == 0)
    assert PASSWORD not in ended.out + ended.err


def test_options_reach_the_dashboard(lictor, lake, monkeypatch):
    served = []
    monkeypatch.setattr(serving, "serve", served.append)
    given = ["--host", "10.0.0.1", "--port", "9", "--accounts", "a", "--public-name", "Lictor.Example", "--public-name", "b", "--behind-proxy"]  # fmt: skip
    assert lictor("dashboard", "--lake", lake, *given).status == 0
    (options,) = served
    assert (options.lake, options.host, options.port, str(options.accounts)) == (lake, "10.0.0.1", 9, "a")
    assert (options.names, options.behind_proxy, options.provider) == (("lictor.example", "b"), True, None)


def test_by_default_it_is_for_this_machine(lictor, lake, monkeypatch):
    served = []
    monkeypatch.setattr(serving, "serve", served.append)
    lictor("dashboard", "--lake", lake)
    assert (served[0].host, served[0].port) == ("127.0.0.1", 8501)


@pytest.mark.parametrize("arguments", [("dashboard",), ("dashboard-account", "list", "--accounts", "x")])
def test_packages_that_are_missing_are_named(lictor, lake, monkeypatch, arguments):
    for name in ("lictor.dashboard.serving", "dashboards.interface", "dashboards.auth", "dashboards.auth.accounts"):
        monkeypatch.setitem(sys.modules, name, None)
    ended = lictor(*arguments, *(["--lake", lake] if arguments == ("dashboard",) else []))
    assert ended.status == 2
    assert "pip install 'lictor[dashboard]'" in ended.err
