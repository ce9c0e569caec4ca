"""Each kind of comparison gives what Python says of the same values."""

import ipaddress
import re

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sigma import atoms
from pipeline.sigma.atoms import ANY, ONE

DATABASE = duckdb.connect()
LETTERS = st.text("aB_%\\'.*?\nöÖ", max_size=8)
PARTS = st.lists(st.sampled_from([ANY, ONE, "a", "B_", "%", "\\", "'", "Ö", ".*"]), max_size=5)


def value_of(atom, **columns):
    given_ = {k.replace("__", ":"): pa.array([v], pa.string()) for k, v in columns.items()}
    with DATABASE.cursor() as own:
        own.register("t", pa.table(given_))
        return own.execute(f"SELECT {atom.sql} FROM t").fetchone()[0]


def glob(parts, value, flags=re.DOTALL):
    return re.fullmatch("".join({ANY: ".*", ONE: "."}.get(p) or re.escape(p) for p in parts), value, flags) is not None


@settings(max_examples=150, deadline=None)
@given(PARTS, LETTERS)
def test_text_matches_as_a_pattern_without_regard_to_case(parts, value):
    assert value_of(atoms.text("F", parts), l__F=value.lower(), r__F=value) == glob(
        parts, value, re.DOTALL | re.IGNORECASE
    )


@settings(max_examples=150, deadline=None)
@given(PARTS, LETTERS)
def test_cased_text_matches_as_it_is_written(parts, value):
    assert value_of(atoms.text("F", parts, cased=True), r__F=value) == glob(parts, value)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["a", "B_", "%"]), min_size=1, max_size=2), st.booleans(), st.booleans(), LETTERS)
def test_the_regular_expression_of_a_text_says_the_same(words, before, after, value):
    atom = atoms.text("F", [ANY] * before + ["".join(words)] + [ANY] * after)
    assert (re.search(atom.re2.replace(r"\z", r"\Z"), value.lower()) is not None) == value_of(
        atom, l__F=value.lower(), r__F=value
    )


@pytest.mark.parametrize("parts", [["word"], [ANY, "word"], ["word", ANY], ["wo", ONE, "d"]])
def test_a_keyword_stands_anywhere(parts):
    assert value_of(atoms.keyword(parts), **{"l__*": "one\nthe words here"})
    assert not value_of(atoms.keyword(parts), **{"l__*": "one\nthe wird here"})


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [
        (443, "443", True),
        (443, "4430", False),
        (443, "443.0", True),
        (1.5, "1.50", True),
        (443, "x", False),
        (2**60, str(2**60), True),
    ],
)
def test_number(value, text, same):
    assert bool(value_of(atoms.number("F", value), r__F=text)) == same


@given(st.sampled_from(["<", "<=", ">", ">=", "<>"]), st.integers(-9, 9), st.integers(-9, 9))
def test_compared_as_numbers_not_as_text(operator, left, right):
    said = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "<>": left != right}
    assert value_of(atoms.compared("F", operator, right), r__F=str(left)) == said[operator]


def test_nothing_else_compares():
    with pytest.raises(ValueError, match="compares nothing"):
        atoms.compared("F", "= 1 OR", 1)
    with pytest.raises(ValueError, match="no part"):
        atoms.part_of_time("F", "hour', now())--", 1)


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (True, "TRUE"), (False, "False")])
def test_truth(value, text):
    assert value_of(atoms.truth("F", value), l__F=text.lower())
    assert not value_of(atoms.truth("F", not value), l__F=text.lower())


def test_regex_is_searched_for_with_its_flags():
    assert value_of(atoms.regex("F", "(?i)B.r'"), r__F="foo bAr' x")
    assert not value_of(atoms.regex("F", "B.r"), r__F="foo bAr")


ADDRESSES = (
    st.ip_addresses(v=4, network="10.0.0.0/28") | st.ip_addresses(v=6, network="2001:db8::/120") | st.ip_addresses()
)


@given(ADDRESSES, st.sampled_from(["10.0.0.0/30", "0.0.0.0/0", "2001:db8::/122", "::/0", "::1/128", "127.0.0.0/8"]))
def test_network_holds_what_the_ipaddress_module_says(address, network):
    network = ipaddress.ip_network(network)
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped
    expected = (mapped or address) in network
    assert value_of(atoms.network("F", network), i__F=atoms.address(str(address))) == expected


def test_what_is_no_address_is_none():
    assert [atoms.address(t) for t in ("", "host", "10.0.0", "10.0.0.256")] == [None] * 4
    assert atoms.address("::ffff:10.0.0.1") == atoms.address("10.0.0.1")
    assert atoms.address("fe80::1%eth0") == atoms.address("fe80::1")


@pytest.mark.parametrize(
    ("starts", "ends", "test"),
    [
        (False, False, str.__eq__),
        (True, False, str.startswith),
        (False, True, str.endswith),
        (True, True, str.__contains__),
    ],
)
def test_same_as_another_field(starts, ends, test):
    for value, other in (("abc", "abc"), ("abc", "ab"), ("abc", "bc"), ("abc", "b"), ("abc", "x")):
        assert value_of(atoms.same_as("F", "G", starts=starts, ends=ends), l__F=value, l__G=other) == test(value, other)


@pytest.mark.parametrize(
    ("part", "value"), [("minute", 17), ("hour", 23), ("day", 5), ("week", 32), ("month", 8), ("year", 2026)]
)
def test_part_of_time(part, value):
    assert value_of(atoms.part_of_time("F", part, value), r__F="2026-08-05 23:17:09")
    assert not value_of(atoms.part_of_time("F", part, value + 1), r__F="2026-08-05 23:17:09")
