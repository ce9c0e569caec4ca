"""Policies that browsers are told, and cookies that must not leave TLS."""

from __future__ import annotations

import base64
import hashlib

import pytest

from dashboards.auth import headers, signin_page
from dashboards.first_page import streamlit_page
from tests.dashboards.auth.conftest import in_a_loop


def directives(policy):
    return {part.split()[0]: part.split()[1:] for part in policy.split(";")}


def sha256(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_pages_run_only_the_inline_scripts_that_they_start_with():
    found = directives(
        headers.for_pages("<script>\n one \n</script><script type='module' src='x'></script><script>two</script>")
    )
    assert found["script-src"] == ["'self'", sha256("\n one \n"), sha256("two")]


def test_nothing_is_made_into_code_or_loaded_from_elsewhere():
    found = directives(headers.for_pages(streamlit_page()))
    assert not {"'unsafe-inline'", "'unsafe-eval'", "'wasm-unsafe-eval'"} & set(found["script-src"])
    assert len(found["script-src"]) > 1, "Streamlit's page has an inline script"
    sources = {s for values in found.values() for s in values}
    assert not any("//" in s or s in {"*", "https:"} for s in sources)
    assert found["default-src"] == found["frame-ancestors"] == found["base-uri"] == ["'none'"]


def test_plain_pages_have_their_own_style_and_nothing_else():
    html = signin_page.page("x", form=True)
    style = html.partition("<style>")[2].partition("</style>")[0]
    found = directives(headers.for_plain(html))
    assert found["style-src"] == [sha256(style)]
    assert "script-src" not in found
    assert found["default-src"] == ["'none'"]
    assert found["form-action"] == ["'self'"]


def sent(raw, path="/", **how):
    got = []

    async def send(message):
        got.append(message)

    dressed = headers.dressed(send, path, "default-src 'none'", **{"secure": False, **how})
    in_a_loop(dressed({"type": "http.response.start", "status": 200, "headers": raw}))
    return [(n.decode(), v.decode()) for n, v in got[0]["headers"]]


@pytest.mark.parametrize("path", ["/media/secret.csv", "/", "/staticx", "/_stcore/static/x"])
def test_nothing_of_anybody_stays_in_a_cache(path):
    assert dict(sent([(b"cache-control", b"public")], path))["cache-control"] == "no-store"


def test_fixed_files_say_themselves_how_long():
    assert (
        dict(sent([(b"Cache-Control", b"public, max-age=9")], "/static/js/x.js"))["Cache-Control"]
        == "public, max-age=9"
    )


def test_own_policy_of_an_answer_stays_and_weaker_words_do_not():
    said = sent(
        [(b"content-security-policy", b"mine"), (b"x-frame-options", b"ALLOWALL"), (b"referrer-policy", b"unsafe-url")]
    )
    assert [v for n, v in said if n == "content-security-policy"] == ["mine"]
    assert [v for n, v in said if n == "x-frame-options"] == ["DENY"]
    assert [v for n, v in said if n == "referrer-policy"] == ["same-origin"]


def test_every_cookie_is_for_tls_where_there_is_tls():
    raw = [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2; SECURE; HttpOnly")]
    assert [v for n, v in sent(raw, secure=True) if n == "set-cookie"] == [
        "a=1; Path=/; Secure",
        "b=2; SECURE; HttpOnly",
    ]
    assert [v for n, v in sent(raw) if n == "set-cookie"] == ["a=1; Path=/", "b=2; SECURE; HttpOnly"]


def test_tls_for_good_only_where_it_is_said():
    assert "strict-transport-security" not in dict(sent([], secure=True))
    assert "max-age" in dict(sent([], secure=True, strict=True))["strict-transport-security"]
