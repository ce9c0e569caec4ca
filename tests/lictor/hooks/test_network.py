"""Hosts and ports of URLs."""

from __future__ import annotations

import pytest

from lictor.hooks.network import connect, url_acts, urls_in


@pytest.mark.parametrize(
    ("url", "domain", "ip", "port"),
    [
        ("https://Docs.Example.com/a?b#c", "docs.example.com", None, 443),
        ("http://example.com", "example.com", None, 80),
        ("example.com/x", "example.com", None, 443),
        ("https://user:pw@example.com:8443/", "example.com", None, 8443),
        ("https://evil.example@good.example/", "good.example", None, 443),
        ("http://127.0.0.1:9009/upload", None, "127.0.0.1", 9009),
        ("http://[::1]:80/", None, "::1", 80),
        ("http://localhost:3000", "localhost", "127.0.0.1", 3000),
        ("gopher://example.com", "example.com", None, None),
    ],
)
def test_a_url_has_one_host(house, url, domain, ip, port):
    (act,) = url_acts(url, house.around, "/a")
    assert (act.on, act.domain, act.ip, act.port, act.exe) == ("net.connect", domain, ip, port, "/a")


@pytest.mark.parametrize("url", ["", "https://", "http://[::1", "http://example.com:99999999/", "https:///x"])
def test_what_is_no_url_gives_nothing(house, url):
    assert url_acts(url, house.around, None) == []


def test_a_file_url_is_a_read(house):
    (act,) = url_acts(f"file://{house.home}/.ssh/id%5Frsa", house.around, None)
    assert (act.on, act.path) == ("file.read", f"{house.home}/.ssh/id_rsa")


def test_urls_are_found_in_a_prompt():
    assert urls_in('Compare https://a.example/x, and "http://b.example/y".') == [
        "https://a.example/x",
        "http://b.example/y",
    ]
    assert urls_in("nothing here: example.com") == []


def test_an_address_with_a_zone_is_an_address():
    assert connect("fe80::1%eth0", 80, None).ip == "fe80::1"
