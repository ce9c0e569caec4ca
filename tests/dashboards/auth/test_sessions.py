"""Sessions: what ends them, and what is kept of them."""

from __future__ import annotations

import pytest

from dashboards.auth.interface import Known
from dashboards.auth.sessions import IDLE_S, LONGEST_S, OF_AN_ACCOUNT, Sessions
from dashboards.interface import Account, DashboardError, Role


def known(name="ann", role=Role.admin, stamp="1"):
    return Known(f"id of {name}", Account(name, role, "local"), stamp)


@pytest.fixture
def accounts():
    return {k.id: k for k in (known(), known("vic"))}


@pytest.fixture
def sessions(accounts, clock):
    return Sessions(accounts.get, 8501, clock=clock)


def test_session_is_its_accounts_and_nobody_elses(sessions):
    token = sessions.begin(known())
    assert sessions.find(token).name == "ann"
    for wrong in (None, "", token[:-1], token + "x", "\ud800"):
        assert sessions.find(wrong) is None


def test_secrets_are_random_and_only_their_hashes_are_kept(sessions):
    tokens = {sessions.begin(known()) for _ in range(10)}
    assert len(tokens) == 10
    assert all(len(token) >= 43 for token in tokens)
    assert not any(token in repr(vars(sessions)) for token in tokens)


def test_it_ends_unused_after_an_hour(sessions, clock):
    token = sessions.begin(known())
    clock.now += IDLE_S
    assert sessions.find(token, using=True)
    clock.now += IDLE_S + 1
    assert sessions.find(token) is None


def test_page_that_refreshes_itself_is_no_use(sessions, clock):
    token = sessions.begin(known())
    for _ in range(int(IDLE_S / 60)):
        clock.now += 60
        assert sessions.find(token)
    clock.now += 60
    assert sessions.find(token) is None


def test_it_ends_after_twelve_hours_however_used(sessions, clock):
    token = sessions.begin(known())
    for _ in range(int(LONGEST_S / 600)):
        clock.now += 600
        assert sessions.find(token, using=True)
    clock.now += 1
    assert sessions.find(token, using=True) is None


def test_account_is_what_it_is_now(sessions, accounts):
    token = sessions.begin(known())
    accounts["id of ann"] = known(role=Role.viewer)
    assert sessions.find(token).role is Role.viewer


@pytest.mark.parametrize("after", [None, known(stamp="2")])
def test_removed_or_changed_account_has_no_session_any_more(sessions, accounts, after):
    token = sessions.begin(known())
    accounts["id of ann"] = after
    assert sessions.find(token) is None
    accounts["id of ann"] = known()
    assert sessions.find(token) is None  # and it does not come back


def test_accounts_that_cannot_be_told_are_an_error(clock):
    def now(_):
        raise DashboardError("chmod 600")

    sessions = Sessions(now, clock=clock)
    with pytest.raises(DashboardError):
        sessions.find(sessions.begin(known()))


def test_it_is_of_who_began_it(sessions):
    token = sessions.begin(known(), peer=1000)
    assert sessions.is_of(token, 1000)
    for other in (1001, 0, None, -1):
        assert not sessions.is_of(token, other)
    assert not sessions.is_of("x", 1000)
    assert sessions.is_of(sessions.begin(known()), None)
    assert not sessions.is_of(sessions.begin(known()), 1000)


def test_signing_out_ends_one(sessions):
    one, other = sessions.begin(known()), sessions.begin(known())
    sessions.end(one)
    sessions.end("never was")
    assert sessions.find(one) is None
    assert sessions.find(other)


def test_of_too_many_the_one_goes_that_was_used_longest_ago(sessions, clock):
    tokens = []
    for _ in range(OF_AN_ACCOUNT):
        clock.now += 1
        tokens.append(sessions.begin(known()))
    clock.now += 1
    sessions.find(tokens[0], using=True)
    theirs = sessions.begin(known("vic"))
    sessions.begin(known())
    assert sessions.find(tokens[1]) is None
    assert all(sessions.find(t) for t in (tokens[0], *tokens[2:], theirs))


def test_cookies_of_two_dashboards_of_a_machine_have_two_names(accounts):
    names = {Sessions(accounts.get, port, secure=secure).cookie for port in (1, 2) for secure in (True, False)}
    assert len(names) == 4
    assert Sessions(accounts.get, 1, secure=True).cookie.startswith("__Host-")
