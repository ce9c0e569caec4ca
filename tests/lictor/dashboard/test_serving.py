"""The dashboard as people start it: a process that serves the real pages behind the gate, in a working folder of somebody else's."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import ssl
import time

import pytest
import trustme
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dashboards.auth import accounts
from dashboards.auth.link import AGAIN_S
from dashboards.interface import Role
from lictor.dashboard import serving
from pipeline.lake.reader import Lake
from tests.lictor.dashboard.conftest import dashboard, drawn, stream

PASSWORD = "correct horse battery"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def place(tmp_path_factory, lake):
    """(working folder, lake): options and secrets of somebody else lie there."""
    folder = tmp_path_factory.mktemp("dashboard")
    shutil.copytree(lake, folder / "lake")
    work = folder / "work"
    (work / ".streamlit").mkdir(parents=True)
    (work / ".streamlit" / "config.toml").write_text('[server]\nenableAgentApi = true\nbaseUrlPath = "elsewhere"\n')
    (work / ".streamlit" / "secrets.toml").write_text('[auth]\nredirect_uri = "http://127.0.0.1/oauth2callback"\n')
    return work, folder / "lake"


@pytest.fixture(scope="module")
def running(place):
    with dashboard(place[0], "--lake", place[1], "--port", 0) as running:
        yield running


@pytest.fixture(scope="module")
def client(running):
    """A browser that followed the link."""
    with running.client() as client:
        assert client.get(running.link).status_code == 200
        assert client.get("/", headers=HTML).status_code == 200
        client.get("/_stcore/host-config")
        client.get("/_stcore/health")
        yield client


def rows(lake, act):
    return Lake(lake).query(f"SELECT * FROM console WHERE act = '{act}' ORDER BY time").to_pylist()


def test_one_line_on_standard_output_says_where_it_is(running):
    assert running.line.startswith("dashboard: http://127.0.0.1:")
    assert "/sign-in?link=" in running.line
    assert "good once, for ten minutes" in running.errors


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/favicon.png", "/static/manifest.json", "/_stcore/health", "/_stcore/host-config", "/_stcore/agent/openapi.json",
             "/_stcore/metrics", "/overview", "/elsewhere/", "/auth/login", "/oauth2callback", "/media/x"],
)  # fmt: skip
def test_without_a_session_nothing_of_streamlit_is_served(running, path):
    with running.client() as nobody:
        answer = nobody.get(path)
    assert (answer.status_code, answer.text) == (401, "sign in first\n")


def test_without_a_session_its_websocket_is_refused(running):
    with running.client() as nobody, pytest.raises(InvalidStatus) as refused:
        stream(running, nobody)
    assert refused.value.response.status_code == 403


def test_link_is_good_once(running, client):
    with running.client() as other:
        assert other.get(running.link).status_code == 403
        assert other.get("/").status_code == 401


def test_page_is_streamlits_in_its_frame_and_needs_no_inline_script_but_their_own(client):
    answer = client.get("/", headers=HTML)
    assert '<div id="root"></div>' in answer.text
    assert '<div id="lictor-frame">' in answer.text
    assert "<title>Overview</title>" in answer.text
    assert "'sha256-" in answer.headers["content-security-policy"]
    assert "script-src 'self' 'sha256" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


def test_options_of_the_working_folder_do_not_count(client):
    answer = client.post("/_stcore/agent/interact", json={}, headers={"origin": str(client.base_url).rstrip("/")})
    assert "does not serve the agent API" in answer.text


def test_page_is_drawn_for_who_has_signed_in_and_both_are_rows(running, client, place):
    with stream(running, client) as connection:
        said = drawn(connection)
    assert "Overview" in said
    assert "admin" in said
    # Other tests look into the same lake, in whatever order.
    own = [row for act in ("sign_in", "view") for row in rows(place[1], act) if row["account_source"] == "link"]
    assert {(row["account"], row["role"]) for row in own} == {(serving.starter(), "admin")}
    assert ("view", "overview", "success") in {(row["act"], row["page"], row["outcome"]) for row in own}
    assert ("sign_in", "success") in {(row["act"], row["outcome"]) for row in own}


@pytest.fixture
def second(running, client):  # which has followed the first link: one that is printed again ends it
    """Another browser, by a link that was printed again."""
    time.sleep(max(0.0, running.began + AGAIN_S + 1 - time.monotonic()))  # as often as it is printed at most
    with running.client() as own:
        again = own.post("/sign-in", data={"again": "1"}, headers={"origin": running.url})
        assert "terminal" in again.text
        own.get(running.next_line().removeprefix("dashboard: "))
        own.get("/_stcore/host-config")
        own.get("/_stcore/health")
        yield own


def heard_until_the_end(connection):
    for _ in range(1000):
        try:
            connection.recv(timeout=30)
        except ConnectionClosed:
            return True
    return False


def test_signing_out_ends_the_page_that_is_open(running, second, place):
    with stream(running, second) as connection:
        drawn(connection)
        second.get("/sign-out")
        assert heard_until_the_end(connection)
    assert second.get("/").status_code == 401
    assert (serving.starter(), "link") in {(r["account"], r["account_source"]) for r in rows(place[1], "sign_out")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_without_complaint_and_its_log_is_sealed(place, tmp_path, number):
    with dashboard(tmp_path / "w", "--lake", place[1], "--port", 0) as running:
        with running.client() as client:
            client.get(running.link)
            with stream(running, client):
                assert running.end(number) == 0
        assert "Traceback" not in running.errors
        assert len(running.errors.splitlines()) == 1
    assert len(rows(place[1], "sign_in")) >= 1


# Accounts, TLS, other machines


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    file = tmp_path_factory.mktemp("accounts") / "accounts.json"
    accounts.write(file, {n: accounts.entry(n, r, PASSWORD) for n, r in (("ann", Role.admin), ("vic", Role.viewer))})
    return file


@pytest.fixture(scope="module")
def secure(place, people, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1", "localhost")
    made.private_key_pem.write_to_path(folder / "key.pem")
    for number, blob in enumerate(made.cert_chain_pems):
        blob.write_to_path(folder / "cert.pem", append=number > 0)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    options = [
        "--host",
        "0.0.0.0",
        "--tls-cert",
        folder / "cert.pem",
        "--tls-key",
        folder / "key.pem",
        "--accounts",
        people,
    ]
    with dashboard(folder / "w", "--lake", place[1], "--port", 0, "--public-name", "localhost", *options) as running:
        yield running, trusting


@pytest.fixture
def vic(secure):
    running, trusting = secure
    with running.client(verify=trusting) as client:
        sent = {"name": "vic", "password": PASSWORD}
        assert client.post("/sign-in", data=sent, headers={"origin": running.url}).status_code == 200
        client.get("/_stcore/host-config")
        client.get("/_stcore/health")
        yield client


def test_over_tls_cookies_are_bound_to_it(secure, vic):
    assert secure[0].line == f"dashboard: {secure[0].url}/"
    assert secure[0].url.startswith("https://localhost:")
    (cookie,) = [c for c in vic.cookies.jar if "lictor" in c.name]
    assert cookie.name.startswith("__Host-")
    assert all(c.secure for c in vic.cookies.jar)


def test_roles_are_those_of_the_file(secure, vic):
    running, trusting = secure
    with stream(running, vic, ssl=trusting) as connection:
        assert "viewer" in drawn(connection)
        assert "needs the role analyst" in drawn(connection, "hunting")


def test_account_that_is_removed_sees_nothing_more(secure, vic, people):
    running, trusting = secure
    with stream(running, vic, ssl=trusting) as connection:
        drawn(connection)
        kept = accounts.read(people)
        accounts.write(people, {"ann": kept["ann"]})
        try:
            with pytest.raises(ConnectionClosed):
                drawn(connection)
            assert vic.get("/").status_code == 401
        finally:
            accounts.write(people, kept)


# What does not begin


def refused(lictor, *arguments):
    ended = lictor("dashboard", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    return ended.err


def test_port_that_is_taken(lictor, lake):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot be listened on: Address already in use" in refused(
            lictor, "--lake", lake, "--port", taken.getsockname()[1]
        )


def test_address_that_is_not_ours(lictor, lake, people):
    said = refused(lictor, "--lake", lake, "--host", "192.0.2.1", "--accounts", people, "--behind-proxy")
    assert "192.0.2.1:8501 cannot be listened on" in said


def test_lake_that_is_not_there(lictor, tmp_path):
    assert "no lake there yet" in refused(lictor, "--lake", tmp_path / "none")


def test_lake_that_cannot_be_written(lictor, lake, monkeypatch):
    """Nothing may be looked at that is not recorded. (That a writer finds it out at once: tests/pipeline/lake/test_writer.)"""
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: not mode & os.W_OK and may(path, mode, **more))
    assert "Permission denied" in refused(lictor, "--lake", lake, "--port", 0)


@pytest.mark.parametrize("file", ["--accounts", "--provider"])
def test_file_that_others_may_read(lictor, lake, tmp_path, file):
    path = tmp_path / "file"
    path.write_text("{}")
    path.chmod(0o644)
    assert "chmod 600" in refused(lictor, "--lake", lake, "--port", 0, file, path)


def test_other_machines_without_a_way_to_tell_people(lictor, lake):
    assert "--accounts FILE" in refused(lictor, "--lake", lake, "--host", "0.0.0.0")


def test_who_started_it_is_who_had_logged_in(monkeypatch):
    monkeypatch.setattr(serving, "login_of", lambda _: "anna")
    assert serving.starter() == "anna"
    monkeypatch.setattr(serving, "login_of", lambda _: None)
    assert serving.starter() == pwd.getpwuid(os.getuid()).pw_name
