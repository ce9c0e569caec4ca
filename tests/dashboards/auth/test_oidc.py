"""Signing in at an OpenID provider: the whole flow against one, and every way in which its answer may be wrong."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from dashboards.auth import oidc
from dashboards.auth.oidc import OpenIdProvider
from dashboards.auth.provider import ProviderDoor
from tests.dashboards.auth.conftest import HTML, serving
from tests.receivers.openid import CLIENT_ID, SECRET, OpenIdServer


@pytest.fixture(scope="module")
def server():
    server = OpenIdServer()
    with serving(server.app) as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server


@pytest.fixture
def idp(server, monkeypatch):
    """The provider, as it was at the beginning."""
    for name in ("claims", "denies", "bend", "signs_with", "redirect"):
        monkeypatch.setattr(server, name, getattr(server, name))
    server.asked.clear()
    return server


@pytest.fixture
def path(tmp_path, idp):
    path = tmp_path / "provider.toml"
    path.write_text(
        f'name = "Example"\nclient_id = "{CLIENT_ID}"\nclient_secret = "{SECRET}"\n'
        f'server_metadata_url = "{idp.url}/.well-known/openid-configuration"\nredirect_uri = "http://127.0.0.1:1/oauth2callback"\n'
        '[[roles]]\nclaim = "roles"\nvalue = "Lictor.Admin"\nrole = "admin"\n'
    )
    path.chmod(0o600)
    return path


@pytest.fixture
def house(build, path, idp):
    """The gate's port is known only when it serves, and the provider compares the whole address: it is told afterwards."""
    door = ProviderDoor(path)
    provider = OpenIdProvider(door, secure=False)
    house = build(door, provider=provider)
    idp.redirect = f"{house.url}/oauth2callback"
    object.__setattr__(door.settings, "redirect", idp.redirect)
    return house


def come_back(client, then="/"):
    """The answer of the dashboard at the end of the way there and back."""
    away = client.get("/sign-in/away", params={"then": then})
    assert away.status_code == 302, away.text
    there = httpx.get(away.headers["location"], trust_env=False)
    assert there.status_code == 307, there.text
    return client.get(there.headers["location"], headers=HTML)


def refused(house, idp, status=502):
    with house.client() as client:
        answer = come_back(client)
        assert answer.status_code == status, answer.text
        assert client.get("/").status_code == 401
    assert house.reached == []
    return answer.text


def test_nothing_is_served_before_somebody_has_signed_in(house):
    with house.client() as client:
        for path in ("/", "/static/js/x.js", "/media/x", "/_stcore/health"):
            assert client.get(path).status_code == 401
        page = client.get("/sign-in", headers=HTML).text
    assert "Sign in with Example" in page
    assert 'name="password"' not in page


def test_who_has_a_role_comes_in_and_where_they_wanted_to_go(house):
    with house.client() as client:
        answer = come_back(client, "/audit?keyword=x")
        assert answer.status_code == 200
        assert "0;url=/audit?keyword=x" in answer.text
        assert client.get("/overview").text == "secret of /overview"
    (row,) = house.journal.rows
    assert (row["account"], row["source"], row["outcome"]) == ("ann@example.com", "oidc", "success")
    assert row["detail"]["id"].endswith(" abc")


def test_nothing_of_the_providers_tokens_reaches_the_browser(house):
    with house.client() as client:
        answer = come_back(client)
        for name, value in client.cookies.items():
            assert name in {house.sessions.cookie, "lictor_away"}
            assert "opaque" not in value
        assert not any("_streamlit" in c for c in answer.headers.get_list("set-cookie"))


def test_request_has_state_nonce_and_pkce_each_time_anew(house, idp):
    with house.client() as client:
        come_back(client)
        come_back(client)
    one, two = idp.asked
    for name in ("state", "nonce", "code_challenge"):
        assert one[name] != two[name]
        assert len(one[name]) >= 20
    assert one["code_challenge_method"] == "S256"
    assert SECRET not in str(idp.asked)


def test_cookie_of_the_way_there_is_for_the_way_back_only(house):
    with house.client() as client:
        (cookie,) = client.get("/sign-in/away").headers.get_list("set-cookie")
    parts = {part.strip() for part in cookie.split(";")}
    assert {"HttpOnly", "Path=/oauth2callback", "SameSite=lax", "Max-Age=600"} <= parts


def test_whom_no_rule_names_is_told_so_and_it_is_recorded(house, idp):
    idp.claims = idp.claims | {"roles": ["Other"], "preferred_username": "<b>eve</b>"}
    text = refused(house, idp, 403)
    assert (
        "&lt;b&gt;eve&lt;/b&gt;: Example vouches for this account, but nothing in its roles gives a role here" in text
    )
    (row,) = house.journal.rows
    assert (row["account"], row["outcome"], row["source"]) == ("<b>eve</b>", "denied", "oidc")


def test_provider_that_says_no_is_told(house, idp):
    idp.denies = "access_denied"
    assert "Example did not confirm the sign-in: access_denied" in refused(house, idp)


@pytest.mark.parametrize(
    "bent",
    [
        {"aud": "another-client"}, {"aud": ["another-client"]}, {"iss": "https://evil.example"}, {"nonce": "another"}, {"nonce": None},
        {"exp": int(time.time()) - 600}, {"iat": int(time.time()) + 6000}, {"sub": None}, {"aud": None}, {"exp": None}, {"azp": "another-client"},
    ],
)  # fmt: skip
def test_token_that_is_not_for_us_now_lets_nobody_in(house, idp, bent):
    idp.bend = lambda claims: {k: v for k, v in (claims | bent).items() if v is not None}
    assert "did not confirm the sign-in" in refused(house, idp)


def test_token_signed_by_another_key_lets_nobody_in(house, idp):
    idp.signs_with = RSAKey.generate_key(2048, {"use": "sig", "kid": "one"})
    assert "did not confirm the sign-in" in refused(house, idp)


def test_answer_without_the_way_there_lets_nobody_in(house, idp):
    with house.client() as client, house.client() as other:
        away = client.get("/sign-in/away")
        there = httpx.get(away.headers["location"], trust_env=False).headers["location"]
        assert "did not begin here" in other.get(there, headers=HTML).text  # another browser: a forced sign-in
        assert other.get("/").status_code == 401


def test_answer_with_another_state_lets_nobody_in(house):
    with house.client() as client:
        away = client.get("/sign-in/away")
        there = httpx.get(away.headers["location"], trust_env=False).headers["location"]
        code = parse_qs(urlsplit(there).query)["code"][0]
        for state in ("x", ""):
            assert client.get(f"/oauth2callback?code={code}&state={state}", headers=HTML).status_code == 502
        assert client.get("/").status_code == 401


def test_answer_cannot_be_used_twice(house):
    with house.client() as client:
        away = client.get("/sign-in/away")
        there = httpx.get(away.headers["location"], trust_env=False).headers["location"]
        assert client.get(there, headers=HTML).status_code == 200
        client.get("/sign-out")
        assert client.get(there, headers=HTML).status_code == 502
        assert client.get("/").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c"])
def test_forged_cookie_of_the_way_there_lets_nobody_in(house, cookie):
    with house.client() as client:
        answer = client.get("/oauth2callback?code=x&state=y", headers={**HTML, "cookie": f"lictor_away={cookie}"})
    assert answer.status_code == 502


def test_way_there_that_took_too_long_is_over(house, monkeypatch):
    monkeypatch.setattr(oidc, "GOOD_S", -1)
    with house.client() as client:
        assert "took too long" in come_back(client).text


def test_provider_that_cannot_be_reached_is_told(build, path):
    path.write_text(path.read_text().replace("/.well-known/", "/nothing/"))
    door = ProviderDoor(path)
    house = build(door, provider=OpenIdProvider(door, secure=False))
    with house.client() as client:
        answer = client.get("/sign-in/away", headers=HTML)
    assert answer.status_code == 502
    assert "Example cannot be reached" in answer.text


def test_rule_that_is_taken_away_ends_the_session(house, path):
    with house.client() as client:
        come_back(client)
        assert client.get("/").status_code == 200
        path.write_text(path.read_text().replace("Lictor.Admin", "Other"))
        assert client.get("/").status_code == 401


def test_sign_in_at_the_provider_again_ends_no_other_session(house):
    with house.client() as one, house.client() as two:
        come_back(one)
        come_back(two)
        assert one.get("/").status_code == two.get("/").status_code == 200


def test_nobody_comes_in_when_it_cannot_be_recorded(house):
    house.journal.broken = "disk full"
    with house.client() as client:
        assert come_back(client).status_code == 503
        assert client.get("/").status_code == 401
