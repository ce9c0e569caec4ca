"""Who gets through the gate, over HTTP and over a WebSocket, against a real server."""

from __future__ import annotations

import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dashboards.auth import accounts, peers, standing
from dashboards.auth.accounts import AccountsDoor
from dashboards.interface import Role
from tests.dashboards.auth.conftest import HTML, PASSWORD


def stream(house, client=None, origin=None, **headers):
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items()) if client else ""
    return connect(
        f"ws://127.0.0.1:{house.port}/_stcore/stream", origin=origin or house.url, proxy=None,
        additional_headers={**({"cookie": cookies} if cookies else {}), **headers},
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/overview", "/static/js/index.js", "/media/abc.csv", "/_stcore/health", "/_stcore/host-config", "/component/x", "/oauth2callback", "/auth/login"])  # fmt: skip
def test_without_a_session_nothing_is_served(house, path):
    with house.client() as client:
        assert client.get(path).status_code == 401
        turned = client.get(path, headers=HTML)
    assert turned.status_code == 303
    assert turned.headers["location"].startswith("/sign-in")
    assert house.reached == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_without_a_session_no_method_gets_through(house, method):
    with house.client() as client:
        assert client.request(method, "/_stcore/upload_file/1/2", headers=house.origin).status_code == 401
    assert house.reached == []


def test_where_somebody_wanted_to_go_is_kept_over_the_sign_in(house):
    with house.client() as client:
        turned = client.get("/audit?keyword=a%26b", headers=HTML)
        form = client.get(turned.headers["location"]).text
        assert 'value="/audit?keyword=a%26b"' in form
        onward = house.sign_in(client, "ann", then="/audit?keyword=a%26b")
    assert "0;url=/audit?keyword=a%26b" in onward.text


def test_with_a_session_pages_and_files_are_served(house, ann):
    assert ann.get("/overview").text == "secret of /overview"
    assert ann.get("/media/abc.csv").status_code == 200


def test_health_tells_nothing_and_needs_nobody(house):
    with house.client() as client:
        answer = client.get("/healthz", headers={"host": "10.1.2.3:8501"})
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert house.reached == []


@pytest.mark.parametrize("cookie", ["x", "a" * 43, "", "lictor"])
def test_made_up_session_is_none(house, cookie):
    with house.client(cookies={house.sessions.cookie: cookie}) as client:
        assert client.get("/").status_code == 401


def test_session_ends_after_an_hour_without_use(house, ann):
    house.clock.now += 3599
    assert ann.get("/").status_code == 200
    house.clock.now += 3601
    assert ann.get("/").status_code == 401


def test_session_ends_after_twelve_hours_of_use(house, ann):
    for _ in range(23):
        house.clock.now += 1800
        assert ann.get("/").status_code == 200
    house.clock.now += 1801
    assert ann.get("/").status_code == 401


def test_removed_account_is_out_at_the_next_request(house, file, ann):
    accounts.write(file, {n: e for n, e in accounts.read(file).items() if n != "ann"})
    assert ann.get("/").status_code == 401


def test_another_role_or_password_ends_sessions_too(house, file, ann):
    accounts.write(file, accounts.read(file) | {"ann": accounts.entry("ann", Role.viewer, PASSWORD)})
    assert ann.get("/").status_code == 401
    assert house.sign_in(ann, "ann").status_code == 200
    assert ann.get("/").status_code == 200


def test_file_that_others_may_read_lets_nobody_in(house, file, ann):
    file.chmod(0o644)
    assert ann.get("/").status_code == 401
    answer = house.sign_in(ann, "ann")
    assert answer.status_code == 503
    assert "chmod 600" in answer.text


def test_signing_out_ends_the_session_and_is_recorded(house, ann):
    token = ann.cookies[house.sessions.cookie]
    assert "signed out" in ann.get("/sign-out").text
    assert house.sessions.cookie not in ann.cookies
    assert house.sessions.find(token) is None
    assert house.journal.told()[-1] == ("sign_out", "ann", "success")


def test_streamlits_own_way_out_is_ours(house, ann):
    assert "signed out" in ann.get("/auth/logout").text
    assert ann.get("/").status_code == 401
    assert house.reached == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8501", "", "[::1"])
def test_other_names_are_refused_with_and_without_a_session(house, ann, host):
    assert ann.get("/", headers={"host": host}).status_code in {400, 421}
    assert house.reached == []


def test_names_of_this_machine_are_ours(house, ann):
    assert ann.get("/", headers={"host": f"localhost:{house.port}"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1", ""])
def test_post_from_another_page_is_refused(house, ann, origin):
    assert ann.post("/_stcore/upload_file/1/2", headers={"origin": origin}).status_code == 403
    assert (
        ann.post("/sign-in", data={"name": "ann", "password": PASSWORD}, headers={"origin": origin}).status_code == 403
    )
    assert house.reached == []


def test_post_from_our_own_page_passes(house, ann):
    assert ann.post("/_stcore/upload_file/1/2", headers=house.origin).status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("cross-site", "no-cors", "image", 403),
        ("same-site", "no-cors", "script", 403),  # another port of this machine: an agent's own server
        ("same-site", "cors", "empty", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "navigate", "document", 200),
        ("same-origin", "cors", "empty", 200),
        ("none", "navigate", "document", 200),
    ],
)
def test_browsers_that_say_another_page_asks_are_believed(house, ann, site, mode, dest, status):
    said = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    assert ann.get("/", headers=said).status_code == status


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_cannot_sign_somebody_out(house, ann, site):
    said = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert ann.get("/sign-out", headers=said).status_code == 403
    assert ann.get("/").status_code == 200


def test_stolen_cookie_is_nothing_in_the_hands_of_another_user(house, ann, monkeypatch):
    theirs = peers.uid_of
    assert ann.get("/").status_code == 200
    monkeypatch.setattr(peers, "uid_of", lambda client, server: theirs(client, server) + 1)
    assert ann.get("/").status_code == 401
    with pytest.raises(InvalidStatus):
        stream(house, ann)


# Answers


def test_every_answer_says_what_browsers_must_not_do(house, ann):
    with house.client() as nobody:
        answers = [
            ann.get("/"),
            nobody.get("/"),
            nobody.get("/", headers=HTML),
            nobody.get("/sign-in"),
            nobody.get("/healthz"),
        ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_fixed_files_may_be_kept_by_the_browser(house, ann):
    assert ann.get("/static/js/x.js").headers["cache-control"] == "public, max-age=60"


def test_behind_tls_cookies_are_for_tls_only(build, file):
    house = build(AccountsDoor(file), secure=True)
    with house.client() as client:
        assert house.sign_in(client, "ann").status_code == 403  # the page of an http address is another one
        answer = client.post(
            "/sign-in",
            data={"name": "ann", "password": PASSWORD},
            headers={"origin": f"https://127.0.0.1:{house.port}"},
        )
        (cookie,) = answer.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-lictor_")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        token = cookie.partition("=")[2].partition(";")[0]
        page = client.get("/", headers={"cookie": f"{house.sessions.cookie}={token}"})
    assert page.status_code == 200
    assert all("Secure" in c for c in page.headers.get_list("set-cookie"))
    assert "strict-transport-security" not in page.headers, "other ports of this machine are other servers"


def test_name_of_its_own_is_for_tls_from_now_on(build, file):
    house = build(AccountsDoor(file), secure=True, names=frozenset({"lictor.example"}))
    with house.client() as client:
        answer = client.get("/sign-in", headers={"host": "lictor.example"})
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize("path", ["/%73ign-in", "/sign-in%3Fx", "/sign-in/", "//sign-in", "/healthz%3F", "/static/../sign-in", "/x/../healthz"])  # fmt: skip
def test_only_the_very_paths_are_open(house, path):
    with house.client() as client:
        answer = client.get(path)
    assert house.reached == []
    assert answer.status_code == 401 or 'name="password"' in answer.text or answer.text == "ok\n"


# WebSockets


def test_websocket_of_a_session_is_served(house, ann):
    with stream(house, ann) as socket:
        socket.send(b"x")
        assert socket.recv() == b"heard x"


def test_websocket_without_a_session_is_refused(house):
    with pytest.raises(InvalidStatus) as refused:
        stream(house)
    assert refused.value.response.status_code == 403
    assert house.reached == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_websocket_of_another_page_is_refused(house, ann, origin):
    with pytest.raises(InvalidStatus):
        stream(house, ann, origin=origin)
    assert house.reached == []


def test_websocket_by_another_name_is_refused(house, ann):
    cookies = f"{house.sessions.cookie}={ann.cookies[house.sessions.cookie]}"
    with pytest.raises(InvalidStatus):
        connect(
            f"ws://127.0.0.1:{house.port}/_stcore/stream", origin="http://evil.example", proxy=None,
            additional_headers={"cookie": cookies, "host": "evil.example"},
        )  # fmt: skip
    assert house.reached == []


def test_open_websocket_ends_with_its_session(house, file, ann):
    with stream(house, ann) as socket:
        socket.send(b"x")
        socket.recv()
        accounts.write(file, {n: e for n, e in accounts.read(file).items() if n != "ann"})
        socket.send(b"y")
        last = socket.recv()
        assert b"heard" not in last
        assert b"/sign-in" in last
        with pytest.raises(ConnectionClosed):
            socket.recv()
    assert house.reached[-1] == "ended"


def test_idle_websocket_ends_too_when_somebody_signs_out(house, ann, monkeypatch):
    monkeypatch.setattr(standing, "LOOK_S", 0.05)
    with stream(house, ann) as socket:
        ann.get("/sign-out")
        assert b"/sign-in" in socket.recv(timeout=5)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
    until = time.monotonic() + 5
    while house.reached[-1] != "ended" and time.monotonic() < until:
        time.sleep(0.01)
    assert house.reached[-1] == "ended"
