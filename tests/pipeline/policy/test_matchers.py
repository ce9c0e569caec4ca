from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy import matchers
from pipeline.policy.matchers import AddressSpace, PatternSet, net_networks, plain_path

REGEXES = ["(?s)/a(?:/.*)?", "(?s)(?:.*/)?b", "(?s)/[^/]*/c", "(?s)/a", "(?s).*"]
texts = st.text("/abc\n", max_size=8) | st.text(max_size=6)


@given(texts)
def test_pattern_sets_agree_with_pythons_regular_expressions(text):
    patterns = PatternSet(REGEXES)
    assert patterns.match(text) == sum(1 << i for i, r in enumerate(REGEXES) if re.fullmatch(r, text))


def test_an_automaton_without_memory_falls_back_to_single_patterns(monkeypatch):
    """re2 answers with nothing when its automaton runs out of memory: that must not read as 'no rule matches'."""
    patterns = PatternSet(REGEXES)

    class Exhausted:
        def Match(self, _text):  # noqa: N802  # re2's own name
            return None

    monkeypatch.setattr(patterns, "_set", Exhausted())
    assert patterns.match("/a/b") == 0b10011


def test_a_small_automaton_and_a_large_text_still_give_the_answer(monkeypatch):
    monkeypatch.setattr(matchers, "SET_MEMORY", 50_000)
    regexes = [rf"(?s).*a[^/]{{{i}}}b{i}.*" for i in range(10)]
    text = "/".join("axxxb3" * 7 + "aab1" for _ in range(2_000))
    assert PatternSet(regexes).match(text) == sum(1 << i for i, r in enumerate(regexes) if re.fullmatch(r, text))


def test_masks_name_patterns_by_number():
    patterns = PatternSet(["a", "b", "a", "c"])
    assert (patterns.mask(["a"]), patterns.mask(["c", "a", "c"]), patterns.match("c")) == (0b1, 0b101, 0b100)
    assert PatternSet([]).match("x") == 0
    assert (len(patterns), len(PatternSet([]))) == (3, 0)


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/a/b", "/a/b"), ("/a//b", "/a/b"), ("//a", "/a"), ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/", "/a"), ("/", "/"), ("//", "/"),
        ("/a/.env", "/a/.env"), ("/a/..b/c", "/a/..b/c"), ("@abstract", "@abstract"), ("a/../b", "b"),
    ],
)  # fmt: skip
def test_spelling_of_paths(path, plain):
    assert plain_path(path) == plain


@pytest.mark.parametrize(
    ("path", "plain"),
    [(r"C:\Users\a\..\b", "C:/Users/b"), (r"\\server\share\a", "/server/share/a"), (r"HKLM\SAM\x", "HKLM/SAM/x"), (r"\Device\HarddiskVolume3\x", "/Device/HarddiskVolume3/x"), ("/tmp/a\\b", "/tmp/a\\b")],
)  # fmt: skip
def test_paths_of_windows_have_the_slashes_of_patterns(path, plain):
    assert plain_path(path) == plain


networks = st.tuples(st.ip_addresses(), st.integers(0, 128)).map(
    lambda t: ipaddress.ip_network((t[0], min(t[1], t[0].max_prefixlen)), strict=False)
)


def holds(network, address):
    """Whether a network holds an address, where IPv4 within IPv6 is IPv4."""
    network = ipaddress.ip_network(network)
    first, last = network.network_address, network.broadcast_address
    if network.version == 6 and first.ipv4_mapped and last.ipv4_mapped:
        network = ipaddress.ip_network(f"{first.ipv4_mapped}/{network.prefixlen - 96}")
    address = getattr(address, "ipv4_mapped", None) or address
    return address.version == network.version and address in network


@given(st.lists(networks, max_size=8), st.lists(st.ip_addresses(), max_size=8))
def test_addresses_agree_with_the_standard_library(nets, addresses):
    space = AddressSpace([[str(n)] for n in nets])
    edges = [a for n in nets for a in (n.network_address, n.broadcast_address)]
    for address in addresses + edges:
        assert space.match(str(address)) == sum(1 << i for i, n in enumerate(nets) if holds(n, address))


def test_ipv4_within_ipv6_is_ipv4_and_only_that():
    space = AddressSpace([["0.0.0.0/0"], ["::/0"]])
    assert [space.match(a) for a in ("1.2.3.4", "::ffff:1.2.3.4", "::1", "fe80::1%eth0")] == [0b01, 0b01, 0b10, 0b10]


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "1.2.3.4.5", "/run/x"])
def test_what_is_no_address_matches_nothing(text):
    assert AddressSpace([["0.0.0.0/0", "::/0"]]).match(text) == 0


@given(
    st.ip_addresses()
    | st.sampled_from(
        ["127.0.0.1", "::1", "0.0.0.0", "10.1.1.1", "fe80::1", "fd00::1", "169.254.169.254", "::ffff:10.0.0.1"]
    )
)
def test_every_address_is_in_exactly_one_net(address):
    words = ["loopback", "unspecified", "private", "external"]
    space = AddressSpace([net_networks(w) for w in words])
    assert space.match(str(address)).bit_count() == 1


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("127.8.8.8", "loopback"), ("::1", "loopback"), ("172.31.0.1", "private"), ("172.32.0.1", "external"), ("fd00:ec2::254", "private"),
        ("169.254.169.254", "private"), ("8.8.8.8", "external"), ("2001:db8::1", "external"), ("100.64.0.1", "external"), ("0.0.0.0", "unspecified"),
    ],
)  # fmt: skip
def test_what_net_means(address, word):
    assert any(ipaddress.ip_address(address) in ipaddress.ip_network(n) for n in net_networks(word))
