"""Ways in and out, each of them a row, against a real server."""

from __future__ import annotations

import threading

import pytest

from dashboards.auth import accounts
from dashboards.auth.link import LinkDoor
from dashboards.auth.throttle import FREE_TOGETHER
from tests.dashboards.auth.conftest import HTML, PASSWORD


@pytest.fixture
def told():
    return []


@pytest.fixture
def own(build, told, clock):
    """A house that who started it enters by a link."""
    door = LinkDoor("ann", told.append, clock)
    door.again()
    return build(door)


# Name and password


def test_right_password_opens_a_session_and_is_recorded(house):
    with house.client() as client:
        answer = house.sign_in(client, "ann")
        (cookie,) = answer.headers.get_list("set-cookie")
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= {p.strip() for p in cookie.split(";")}
        assert client.get("/").status_code == 200
    (row,) = house.journal.rows
    assert (row["account"], row["act"], row["outcome"], row["client"]) == ("ann", "sign_in", "success", "127.0.0.1")


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong password"), ("eve", PASSWORD), ("", "")])
def test_wrong_password_and_unknown_name_are_told_alike_and_recorded(house, name, password):
    with house.client() as client:
        answer = house.sign_in(client, name, password)
    assert answer.status_code == 403
    assert "Name or password is wrong." in answer.text
    assert "set-cookie" not in answer.headers
    assert house.journal.told() == [("sign_in", name or "nobody", "denied")]


def test_each_sign_in_is_another_session(house):
    with house.client() as one, house.client() as two:
        house.sign_in(one, "ann")
        house.sign_in(two, "ann")
        assert one.cookies[house.sessions.cookie] != two.cookies[house.sessions.cookie]
        one.get("/sign-out")
        assert two.get("/").status_code == 200


def test_session_that_somebody_brought_along_is_not_taken_over(house):
    planted = "A" * 43
    with house.client(cookies={house.sessions.cookie: planted}) as client:
        house.sign_in(client, "ann")
        assert house.sessions.find(planted) is None


def test_guesser_waits_and_what_is_not_tried_is_no_row(house):
    with house.client() as client:
        for _ in range(FREE_TOGETHER):
            assert house.sign_in(client, "ann", "wrong password").status_code == 403
        refused = house.sign_in(client, "ann")
        assert refused.status_code == 429
        assert "wait 2 s" in refused.text
        assert len(house.journal.rows) == FREE_TOGETHER
        house.clock.now += 2
        assert house.sign_in(client, "ann").status_code == 200


def test_many_guesses_at_once_are_no_way_around(house):
    answers = []

    def guess():
        with house.client() as client:
            answers.append(house.sign_in(client, "ann", "wrong password").status_code)

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(403) <= FREE_TOGETHER
    assert set(answers) == {403, 429}


def test_nobody_comes_in_when_it_cannot_be_recorded(house):
    house.journal.broken = "disk full"
    with house.client() as client:
        answer = house.sign_in(client, "ann")
        assert answer.status_code == 503
        assert "cannot be recorded: disk full" in answer.text
        assert client.get("/").status_code == 401


@pytest.mark.parametrize("body", [b"x" * 9000, b"name=a" + b"&a=1" * 20, b"\xff\xfe=1", b"", b"{}"])
def test_what_is_no_form_opens_nothing(house, body):
    with house.client() as client:
        answer = client.post("/sign-in", content=body, headers=house.origin)
        assert answer.status_code in {400, 403}
        assert client.get("/").status_code == 401


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "/\t/evil", "\\\\evil"])  # fmt: skip
def test_nobody_is_led_elsewhere_after_the_sign_in(house, then):
    with house.client() as client:
        assert '0;url=/"' in house.sign_in(client, "ann", then=then).text


def test_signing_out_twice_is_no_error(house, ann):
    ann.get("/sign-out")
    assert "signed out" in ann.get("/sign-out").text
    assert [row["act"] for row in house.journal.rows] == ["sign_in", "sign_out"]


def test_session_ends_also_when_that_cannot_be_recorded(house, ann):
    house.journal.broken = "disk full"
    ann.get("/sign-out")
    assert ann.get("/").status_code == 401


def test_file_that_is_gone_is_told(house, file):
    file.unlink()
    with house.client() as client:
        answer = house.sign_in(client, "ann")
    assert answer.status_code == 503
    assert "nobody can sign in" in answer.text


def test_account_that_was_just_added_comes_in(house, file):
    accounts.write(file, accounts.read(file) | {"bob": accounts.read(file)["ann"]})
    with house.client() as client:
        assert house.sign_in(client, "bob").status_code == 200


# A link


def test_link_opens_a_session_once(own, told):
    with own.client() as client, own.client() as other:
        assert "signed in" in client.get(f"/sign-in?link={told[0]}").text
        assert client.get("/").status_code == 200
        again = other.get(f"/sign-in?link={told[0]}")
        assert again.status_code == 403
        assert "used before" in again.text
        assert other.get("/").status_code == 401
    assert own.journal.told() == [("sign_in", "ann", "success"), ("sign_in", "nobody", "denied")]


def test_looking_whether_it_is_there_does_not_use_the_link_up(own, told):
    with own.client() as client:
        assert client.head(f"/sign-in?link={told[0]}").status_code == 401
        assert client.get(f"/sign-in?link={told[0]}").status_code == 200


def test_there_is_no_form_for_passwords(own):
    with own.client() as client:
        page = client.get("/sign-in", headers=HTML).text
        assert 'name="password"' not in page
        assert own.sign_in(client, "ann").status_code == 400


def test_new_link_goes_to_the_terminal_and_not_to_who_asks(own, told, clock):
    with own.client() as client:
        client.get(f"/sign-in?link={told[0]}")
        clock.now += 60
        answer = client.post("/sign-in", data={"again": "1", "then": "/audit"}, headers=own.origin)
        assert answer.status_code == 200
        assert len(told) == 2
        assert told[1] not in answer.text
        assert "terminal" in answer.text


def test_asking_for_links_is_no_way_in_for_people_with_accounts(house):
    with house.client() as client:
        assert client.post("/sign-in", data={"again": "1"}, headers=house.origin).status_code == 403


def test_flood_of_wrong_links_is_no_flood_of_rows(own):
    with own.client() as client:
        for _ in range(100):
            client.get("/sign-in?link=x")
    assert len(own.journal.rows) <= 60
