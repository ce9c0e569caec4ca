"""Network columns against the standard library's reading of the same bytes."""

from __future__ import annotations

import ipaddress
import socket

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.kernel import network, records

FAMILIES = [socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, 0, 40]
addresses = st.one_of(
    st.ip_addresses(v=6).map(lambda a: a.packed),
    st.ip_addresses(v=4).map(lambda a: bytes(10) + b"\xff\xff" + a.packed),
    st.just(bytes(16)),
)


def view(raw):
    return raw.reshape(-1).view(records.EVENT)


@given(st.ip_addresses(v=4))
def test_ipv4_in_ipv6_is_spelled_as_ipv4(address):
    assert network.address_text(bytes(10) + b"\xff\xff" + address.packed) == str(address)


@given(st.ip_addresses(v=6).filter(lambda a: a.ipv4_mapped is None))
def test_ipv6_is_spelled_as_the_system_spells_it(address):
    # The library spells "compatible" addresses of ::/96 in its own way; they name the same address.
    text = network.address_text(address.packed)
    assert socket.inet_pton(socket.AF_INET6, text) == address.packed


@given(
    st.lists(
        st.tuples(
            st.sampled_from(FAMILIES), st.sampled_from([1, 6, 17, 58, 0, 99]), addresses, addresses,
            st.integers(0, 65535), st.integers(0, 65535), st.booleans(),
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
@settings(deadline=None, max_examples=80)
def test_columns_equal_a_plain_reading(event, wanted):
    raw = [
        event(
            "net.connect" if net else "file.read", net__family=family, net__protocol=protocol, net__src=src, net__dst=dst,
            net__src_port=sport, net__dst_port=dport,
        )
        for family, protocol, src, dst, sport, dport, net in wanted
    ]  # fmt: skip
    found = network.columns(view(np.concatenate(raw)))
    if not any(w[-1] for w in wanted):
        assert found == {}
        return
    names = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp", socket.IPPROTO_ICMP: "icmp", 58: "icmpv6", 99: "99"}
    for i, (family, protocol, src, dst, sport, dport, net) in enumerate(wanted):
        inet = net and family in (socket.AF_INET, socket.AF_INET6)
        expected = names.get(protocol) if inet else "unix" if net and family == socket.AF_UNIX else None
        assert found["protocol"][i].as_py() == expected
        for side, raw_address, port in (("src", src, sport), ("dst", dst, dport)):
            plain = ipaddress.IPv6Address(raw_address)
            text = str(plain.ipv4_mapped or plain) if inet and any(raw_address) else None
            assert found[f"{side}_ip"][i].as_py() == text
            assert found[f"{side}_port"][i].as_py() == (port if inet and port else None)


@pytest.mark.parametrize(
    ("number", "name"), [(socket.IPPROTO_SCTP, "sctp"), (socket.IPPROTO_UDPLITE, "udplite"), (262 & 0xFF, "tcp")]
)
def test_protocol_numbers_are_the_systems(event, number, name):
    found = network.columns(view(event("net.connect", net__family=2, net__protocol=number)))
    assert found["protocol"].to_pylist() == [name]
