"""Local accounts: what the file may hold, and who comes in by it."""

from __future__ import annotations

import json
import time

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from dashboards.auth import accounts
from dashboards.auth.accounts import AccountsDoor
from dashboards.interface import DashboardError, Role
from tests.dashboards.auth.conftest import PASSWORD


def test_hashes_are_argon2id_at_the_cost_that_its_rfc_recommends(monkeypatch):
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher())
    hash_ = accounts.entry("ann", Role.admin, PASSWORD).hash
    assert hash_.startswith("$argon2id$")
    assert extract_parameters(hash_).memory_cost >= RFC_9106_LOW_MEMORY.memory_cost
    assert PASSWORD not in hash_


def test_what_is_written_is_read_again_and_is_for_its_owner_only(file, entries):
    assert accounts.read(file) == entries
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in file.parent.iterdir()] == [file.name]


def test_same_password_never_has_the_same_hash():
    assert accounts.entry("a", Role.viewer, PASSWORD).hash != accounts.entry("a", Role.viewer, PASSWORD).hash


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "<b>", "a\nb", "../a", "ä"])
def test_names_that_will_not_do(name):
    with pytest.raises(DashboardError, match="no name"):
        accounts.entry(name, Role.viewer, PASSWORD)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 1025])
def test_passwords_that_will_not_do(password):
    with pytest.raises(DashboardError, match="12 to 1024"):
        accounts.entry("ann", Role.viewer, password)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"accounts": []}', '{"accounts": {"a": {"role": "king", "hash": "x"}}}', '{"accounts": {"a": {"role": "admin"}}}',
     '{"accounts": {"a b": {"role": "admin", "hash": "x"}}}', '{"accounts": {"a": {"role": "admin", "hash": 1}}}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_file_of_accounts_is_told_in_one_line(file, text):
    file.write_text(text)
    with pytest.raises(DashboardError, match="no file of accounts") as told:
        accounts.read(file)
    assert "\n" not in str(told.value)


def test_right_password_opens_and_says_the_role(file):
    known = AccountsDoor(file).by_password("vic", PASSWORD)
    assert (known.account.name, known.account.role, known.account.source) == ("vic", Role.viewer, "local")


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong horse battery"), ("ann", ""), ("eve", PASSWORD), ("", ""), ("ann", PASSWORD + "x" * 2000), ("ann", "\ud800")])  # fmt: skip
def test_anything_else_opens_nothing(file, name, password):
    assert AccountsDoor(file).by_password(name, password) is None


def test_broken_hash_opens_nothing(file, entries):
    accounts.write(file, entries | {"old": accounts.Entry(Role.admin, "$1$crypt$")})
    assert AccountsDoor(file).by_password("old", PASSWORD) is None


def test_unknown_name_costs_as_much_as_a_wrong_password(file, monkeypatch):
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher())
    accounts.write(file, {"ann": accounts.entry("ann", Role.admin, PASSWORD)})
    door = AccountsDoor(file)

    def quickest(name, password):
        taken = []
        for _ in range(5):
            begin = time.process_time()
            door.by_password(name, password)
            taken.append(time.process_time() - begin)
        return min(taken)

    known, unknown, long = quickest("ann", "x" * 20), quickest("eve", "x" * 20), quickest("ann", "x" * 5000)
    assert 0.5 < unknown / known < 2
    assert 0.5 < long / known < 2


def test_account_is_what_the_file_says_now(file, entries):
    door = AccountsDoor(file)
    before = door.now("ann")
    accounts.write(file, entries | {"ann": accounts.Entry(Role.viewer, entries["ann"].hash)})
    after = door.now("ann")
    assert (before.account.role, after.account.role) == (Role.admin, Role.viewer)
    assert before.stamp != after.stamp
    accounts.write(file, {"vic": entries["vic"]})
    assert door.now("ann") is None


def test_new_password_is_another_stamp(file, entries):
    door = AccountsDoor(file)
    before = door.now("ann").stamp
    accounts.write(file, entries | {"ann": accounts.entry("ann", Role.admin, "another long password")})
    assert door.now("ann").stamp != before


@pytest.mark.parametrize("text", [None, json.dumps({"accounts": {}})])
def test_dashboard_that_nobody_could_enter_does_not_begin(tmp_path, text):
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
        path.chmod(0o600)
    with pytest.raises(DashboardError, match="dashboard-account add"):
        AccountsDoor(path)


def test_there_are_no_links(file):
    door = AccountsDoor(file)
    assert door.by_link("x") is None
    assert door.again() is None
