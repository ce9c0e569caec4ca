"""Rules that make claims of a provider into roles, and the file that they stand in."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.auth import provider
from dashboards.auth.interface import RefusedError
from dashboards.auth.provider import ProviderDoor
from dashboards.interface import DashboardError, Role

TEXT = """\
name = "Entra ID"
client_id = "3f1c"
client_secret = "s3cret"
server_metadata_url = "https://login.microsoftonline.com/TENANT/v2.0/.well-known/openid-configuration"
redirect_uri = "https://lictor.example.com/oauth2callback"

[[roles]]
claim = "roles"
value = "Lictor.Admin"
role = "admin"

[[roles]]
claim = "groups"
value = "7f0e"
role = "viewer"
"""
WHO = {"iss": "https://login", "sub": "abc", "preferred_username": "ann@example.com", "roles": ["Lictor.Admin"]}


def parse(text):
    return provider.parse(Path("provider.toml"), text)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "provider.toml"
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


@pytest.fixture
def door(path):
    return ProviderDoor(path)


def test_file_says_who_the_provider_is_and_what_the_dashboard_is_called():
    found = parse(TEXT)
    assert (found.name, found.client_id, found.public_name) == ("Entra ID", "3f1c", "lictor.example.com")
    assert [(r.claim, r.value, r.role) for r in found.rules] == [("roles", "Lictor.Admin", Role.admin), ("groups", "7f0e", Role.viewer)]  # fmt: skip
    assert parse(TEXT.replace('name = "Entra ID"\n', "")).name == "login.microsoftonline.com"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("client_id", "client", "'client'"),
        ('client_secret = "s3cret"\n', "", "client_secret is missing"),
        ('"s3cret"', "5", "client_secret is missing"),
        ('client_id = "3f1c"', 'client_id = ""', "client_id is missing"),
        ('"https://login', '"http://login', "must begin with https"),
        ('"https://lictor', '"http://lictor', "must begin with https"),
        ("/oauth2callback", "/other", "must end with /oauth2callback"),
        ('"https://lictor.example.com/oauth2callback"', '"nothing"', "must begin with https"),
        ('role = "admin"', 'role = "king"', "viewer, analyst, responder, admin"),
        ('value = "Lictor.Admin"', 'value = ""', "both of them texts"),
        ('value = "Lictor.Admin"', "value = 5", "both of them texts"),
        ('value = "Lictor.Admin"\n', "", "has a claim, a value and a role"),
        ("[[roles]]", "[[rules]]", "'rules'"),
        ("[[roles]]", "[roles]", ""),
        ('name = "Entra ID"', "name = 5", "name is no text"),
        ('name = "Entra ID"', "name = ", "no TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_without_its_secret(old, new, told):
    with pytest.raises(DashboardError) as error:
        parse(TEXT.replace(old, new))
    assert told in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_file_without_rules_lets_nobody_in():
    with pytest.raises(DashboardError, match="each \\[\\[roles\\]\\]"):
        parse(TEXT[: TEXT.index("[[roles]]")])


def test_provider_on_this_machine_needs_no_tls():
    assert parse(TEXT.replace("https://login.microsoftonline.com", "http://127.0.0.1:9000")).metadata.startswith(
        "http:"
    )


def test_file_with_a_secret_must_be_private(path):
    path.chmod(0o640)
    with pytest.raises(DashboardError, match="chmod 600"):
        ProviderDoor(path)


def test_claims_give_the_highest_role_that_a_rule_names(door):
    known = door.by_claims(WHO | {"groups": ["7f0e"]})
    assert (known.account.name, known.account.role, known.account.source) == ("ann@example.com", Role.admin, "oidc")
    assert door.by_claims(WHO | {"roles": [], "groups": "7f0e"}).account.role is Role.viewer


@pytest.mark.parametrize(
    "claims",
    [{"roles": None}, {"roles": []}, {"roles": ["lictor.admin"]}, {"roles": "Lictor.Admin2"}, {"roles": ["XLictor.Admin"]},
     {"roles": {"Lictor.Admin": True}}, {"roles": [["Lictor.Admin"]]}, {"roles": True}, {"roles": None, "groups": "7f0", "role": "admin"}],
)  # fmt: skip
def test_whom_no_rule_names_does_not_come_in(door, claims):
    with pytest.raises(RefusedError, match="nothing in its groups, roles gives a role here") as refused:
        door.by_claims(WHO | claims)
    assert refused.value.name == "ann@example.com"


def test_people_are_known_by_their_subject_and_not_by_what_they_call_themselves(door):
    ann = door.by_claims(WHO)
    eve = door.by_claims(WHO | {"sub": "eve", "roles": [], "groups": ["7f0e"]})
    assert ann.account.name == eve.account.name
    assert door.now(ann.id).account.role is Role.admin
    assert door.now(eve.id).account.role is Role.viewer
    other = door.by_claims(WHO | {"iss": "https://another", "roles": [], "groups": ["7f0e"]})
    assert other.id != ann.id


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, "ann@example.com"),
        ({"preferred_username": None, "email": "a@b"}, "a@b"),
        ({"preferred_username": 5}, "abc"),
        ({"preferred_username": "x" * 5000}, "x" * 256),
    ],
)
def test_name_is_the_best_there_is(door, claims, name):
    assert door.by_claims(WHO | claims).account.name == name


def test_claim_that_the_file_names_is_the_name_or_nobody_comes_in(path):
    path.write_text('account_claim = "oid"\n' + TEXT)
    door = ProviderDoor(path)
    assert door.by_claims(WHO | {"oid": "55"}).account.name == "55"
    with pytest.raises(DashboardError, match="no oid in its token"):
        door.by_claims(WHO)


def test_rule_that_is_taken_away_ends_what_it_let_in(door, path):
    known = door.by_claims(WHO)
    path.write_text(TEXT.replace("Lictor.Admin", "Other.Admin"))
    assert door.now(known.id) is None
    path.write_text(TEXT.replace('role = "admin"', 'role = "analyst"'))
    now = door.now(known.id)
    assert now.account.role is Role.analyst
    assert now.stamp != known.stamp


def test_who_never_signed_in_is_nobody(door):
    assert door.now("https://login zzz") is None
    assert door.by_password("ann", "x") is None
    assert door.by_link("x") is None
    assert door.again() is None


def test_memory_is_bounded(door, monkeypatch):
    monkeypatch.setattr(provider, "MANY", 3)
    ids = [door.by_claims(WHO | {"sub": str(n)}).id for n in range(5)]
    assert [door.now(id_) is not None for id_ in ids] == [False, False, True, True, True]
