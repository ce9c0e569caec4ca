from __future__ import annotations

import ipaddress
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from pipeline.policy.fields import OneOf, as_tuple, glob_text, network, parse_network, port_range


def said_by(check, value):
    with pytest.raises(PydanticCustomError) as caught:
        check(value)
    return caught.value.message()


@given(st.ip_addresses())
def test_an_address_is_its_own_network(address):
    mapped = getattr(address, "ipv4_mapped", None) or address
    assert parse_network(str(address)) == ipaddress.ip_network(mapped)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_ipv4_within_ipv6_is_ipv4(address, prefix):
    whole = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    assert parse_network(f"::ffff:{whole.network_address}/{prefix + 96}") == whole


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("10.0.0.1/8", "did you mean '10.0.0.0/8'?"),
        ("300.1.1.1", "is no IP address"),
        ("10.0.0.0/33", "is no IP address"),
    ],
)
def test_bad_networks(value, part):
    assert part in said_by(network, value)


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_ports_and_ranges(a, b):
    low, high = sorted((a, b))
    assert port_range(low) == port_range(str(low)) == (low, low)
    assert port_range(f"{low}-{high}") == (low, high)


@pytest.mark.parametrize("value", ["80-22", "70000", 70000, -1, "x", "1-", "-1", "1-2-3", True, 3.5, None])
def test_bad_ports(value):
    assert str(value) in said_by(port_range, value)


def test_one_of_the_names_or_the_near_one_or_all():
    one = OneOf("action", ("allow", "deny"))
    assert one.check("deny") == "deny"
    assert said_by(one.check, "denny") == "unknown action 'denny'; did you mean 'deny'?"
    assert said_by(one.check, "xyz") == "unknown action 'xyz'; supported: allow, deny"


def test_one_of_is_an_enumeration_in_the_schema_and_strict_in_validation():
    adapter = TypeAdapter(Annotated[str, OneOf("n", ("1", "2"))])
    assert adapter.json_schema() == {"type": "string", "enum": ["1", "2"]}
    with pytest.raises(ValidationError):
        adapter.validate_python(1)


def test_small_ones():
    assert as_tuple("ab") == ("ab",)
    assert as_tuple(["a", "b"]) == ("a", "b")
    assert as_tuple([]) == ()
    assert glob_text("/a/**") == "/a/**"
    assert (
        said_by(glob_text, "a")
        == "'a': a path must begin with '/', '~/', '${workspace}' or '**/', or with a drive of Windows, as 'C:/'"
    )
