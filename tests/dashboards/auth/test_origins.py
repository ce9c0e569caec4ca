"""Names the dashboard answers under, and pages that may speak to it."""

from __future__ import annotations

import pytest

from dashboards.auth import origins


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_loopback(host):
    assert origins.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "lictor.example", "", "localhost.example"])
def test_not_loopback(host):
    assert not origins.is_loopback(host)


@pytest.mark.parametrize(
    ("host", "bound", "public", "named"),
    [
        ("127.0.0.1:8501", "127.0.0.1", (), True),
        ("LOCALHOST:8501", "127.0.0.1", (), True),
        ("[::1]:8501", "127.0.0.1", (), True),
        ("127.0.0.1", "::1", (), True),
        ("evil.example:8501", "127.0.0.1", (), False),
        ("10.0.0.5:8501", "127.0.0.1", (), False),
        ("lictor.example", "127.0.0.1", ("lictor.example",), True),
        ("10.0.0.5:8501", "10.0.0.5", (), True),
        ("localhost:8501", "10.0.0.5", (), False),
        ("10.0.0.5:8501", "0.0.0.0", (), True),
        ("[fe80::1]:8501", "::", (), True),
        ("evil.example", "0.0.0.0", (), False),
        ("lictor.example:443", "0.0.0.0", ("lictor.example",), True),
        ("user@127.0.0.1", "127.0.0.1", (), True),
        ("127.0.0.1@evil.example", "127.0.0.1", (), False),
        ("", "127.0.0.1", (), False),
        ("[::1", "127.0.0.1", (), False),
    ],
)  # fmt: skip
def test_named(host, bound, public, named):
    assert origins.named(host, bound, frozenset(public)) is named


@pytest.mark.parametrize(
    ("origin", "host", "secure", "same"),
    [
        ("http://a.example:8501", "a.example:8501", False, True),
        ("HTTP://A.example:8501", "a.example:8501", False, True),
        ("https://a.example", "a.example", True, True),
        ("http://a.example", "a.example", True, False),
        ("http://a.example:1", "a.example:2", False, False),
        ("http://b.example", "a.example", False, False),
        ("null", "a.example", False, False),
        ("", "", False, False),
        ("file://", "", False, False),
        ("//a.example", "a.example", False, False),
        ("http://[::1", "a.example", False, False),
    ],
)
def test_same(origin, host, secure, same):
    assert origins.same({"origin": origin, "host": host}, secure=secure) is same


def test_request_without_an_origin_has_none():
    assert not origins.same({"host": "a.example"})


@pytest.mark.parametrize(
    ("said", "elsewhere"),
    [
        ({}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, True),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "websocket"}, True),
    ],
)
def test_from_elsewhere(said, elsewhere):
    assert origins.from_elsewhere(said) is elsewhere
