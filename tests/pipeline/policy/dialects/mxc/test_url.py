"""Addresses of proxies and networks against the runner's own parsers."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc.url import AddressError, is_loopback, is_this_host, lies_in, network, plain, proxy_url
from tests.pipeline.policy.dialects.mxc_judge import accepts

URLS = [
    "http://127.0.0.1:8080", "http://LOCALHOST:1", "http:127.0.0.1:9", "http:\\\\127.1:9", " http://2130706433:9 ", "ht\ttp://a:9",
    "http://a:09", "http://a:0", "http://a:", "http://a", "http://a:80", "https://a:80", "https://a:443", "http://a:65536",
    "http://a:9/x?y#z", "http://u@a:9", "http://@a:9", "http://u:p@x@a:9", "http://%6cocalhost:9", "http://%ff:9", "ftp://a:1",
    "a:1", "127.0.0.1:1", "//a:1", "", "http://[::1]:9", "http://[0:0::1]:9", "http://[::1%25a]:9", "http://[::1:9", "http://a]:9",
    "http://a b:9", "http://a<b:9", "http://a%00b:9", "http://a_b:9", "http://-a-:9", "http://a..b:9", "http://.:9", "http://:9",
    "http://1.2.3.4.5:9", "http://256:9", "http://1.256:9", "http://1.2.3.256:9", "http://4294967296:9", "http://0x7f.1:9", "http://a.0x:9",
    "http://08.1:9", "http://0xg:9", "http://1.2.3.4.:9", "http://a:9a", "http://a:٣", "HTTPS://A:1", "http://xn--a:9", "http://bücher.example:9",
]  # fmt: skip

CIDRS = [
    "10.0.0.0/8", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.1", "10.0.0.1/8", "::1", "::ffff:1.2.3.4/128", "::1.2.3.4", "fe80::1%eth0",
    " 10.0.0.0/8", "10/8", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/8/8", "010.0.0.0/8", "0.0.0.0/0", "FE80::/10", "1::2::3",
    "12345::", "10.0.0.0/255.0.0.0", "10.0.0.0/-0", "2001:db8::1/32", "", "x", "10.0.0.0/٨",
]  # fmt: skip


def taken(function, text):
    try:
        function(text)
    except AddressError:
        return False
    return True


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_taken_where_the_runner_takes_it(url):
    config = {"version": "0.7.0-alpha", "containment": "processcontainer", "process": {"commandLine": "ls"}}
    text = json.dumps({**config, "network": {"proxy": {"url": url}}})
    assert taken(proxy_url, url) == accepts(text)


@pytest.mark.parametrize("url", URLS)
def test_a_host_is_this_machine_where_the_runner_says_so(url):
    config = {"version": "1.0.0", "containment": "seatbelt", "process": {"commandLine": "ls"}}
    text = json.dumps({**config, "runtimeConfig": {"networkProxy": url}})
    assert (taken(proxy_url, url) and is_this_host(proxy_url(url).host)) == accepts(text)


@pytest.mark.parametrize("cidr", CIDRS)
def test_a_network_is_taken_where_the_runner_takes_it(cidr):
    config = {"version": "1.0.0", "containment": "lxc", "process": {"commandLine": "ls"}}
    text = json.dumps({**config, "network": {"egress": {"allow": [{"to": [{"cidr": cidr}]}]}}})
    assert taken(network, cidr) == accepts(text)


@pytest.mark.parametrize(
    ("url", "credentials"), [("http://u@a:9", True), ("http://@a:9", False), ("http://:@a:9", False)]
)
def test_credentials_are_seen(url, credentials):
    assert proxy_url(url).credentials == credentials


def test_loopback_is_more_than_this_host():
    assert is_loopback("127.0.0.9")
    assert is_loopback("[::1]")
    assert not is_this_host("127.0.0.9")
    assert not is_loopback("a.example")


def test_mapped_networks_are_ipv4():
    assert str(plain(network("::ffff:10.0.0.0/104"))) == "10.0.0.0/8"
    assert str(plain(network("2001:db8::/32"))) == "2001:db8::/32"
    assert lies_in(network("10.1.0.0/16"), network("10.0.0.0/8"))
    assert not lies_in(network("10.1.0.0/16"), network("::/0"))
