"""Hosts as srt's runtime reads them; srt and its URL parser are the judges."""

from __future__ import annotations

import random

import pytest

from pipeline.policy.dialects.srt.hosts import HostError, canonical, is_ipv4, is_ipv6, is_url, split_port, url_host
from tests.pipeline.policy.dialects.srt_judge import ask

PARTS = [
    "a",
    "example.com",
    "*",
    "*.",
    "..",
    ".",
    "localhost",
    "::1",
    "[",
    "]",
    ":",
    "443",
    "0",
    "65536",
    "%",
    "@",
    "/",
    "1.2.3.4",
    "0x7f.1",
    "::ffff:1.2.3.4",
    "fe80::1%eth0",
    "é",
    "EXAMPLE",
    "\\",
    "?",
    "#",
    "_",
    "-",
    "127.1",
    "2130706433",
    "日本.jp",
    "%41",
    "1.2.3.",
    "08",
]
URLS = [
    "http",
    "https",
    "foo",
    "file",
    ":",
    "/",
    "//",
    "a.b",
    "@",
    "u:p@",
    "[::1]",
    ":80",
    "?x",
    " ",
    "",
    "\\",
    "%",
    ":99999",
]


def drawn(seed, parts, count, most):
    rnd = random.Random(seed)
    return ["".join(rnd.choice(parts) for _ in range(rnd.randint(1, most))) for _ in range(count)]


def test_host_and_port_are_split_as_by_srt():
    texts = drawn(1, PARTS, 800, 4)
    theirs = [(answer["hostPattern"], answer.get("port")) for answer in ask([("split", t) for t in texts])]
    assert [(t, split_port(t)) for t in texts] == list(zip(texts, theirs, strict=True))


def test_hosts_are_dialled_as_by_srt():
    texts = drawn(2, PARTS, 800, 4)
    assert [(t, canonical(t)) for t in texts] == list(zip(texts, ask([("host", t) for t in texts]), strict=True))


def test_urls_are_taken_as_by_the_runtime():
    texts = drawn(3, URLS, 800, 5)
    assert [(t, is_url(t)) for t in texts] == list(zip(texts, ask([("url", t) for t in texts]), strict=True))


def test_addresses():
    assert is_ipv4("1.2.3.4")
    assert not is_ipv4("1.2.3")
    assert not is_ipv4("01.2.3.4")
    assert is_ipv6("::1")
    assert is_ipv6("fe80::1%eth0")
    assert not is_ipv6("fe80::1%")
    assert not is_ipv6("1.2.3.4")


def test_a_host_that_is_none_is_an_error():
    with pytest.raises(HostError):
        url_host("http", "//a b/")
