"""Filters of a search from an address and back: nothing is lost in silence, anything can be bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.search import criteria
from dashboards.search.records import BAR, FIELDS, RECORDS
from queries import paging

names = st.sampled_from(["record", *BAR, *FIELDS, "stray"])
addresses = st.dictionaries(
    names,
    st.lists(
        st.one_of(st.text(max_size=30), st.sampled_from(["activity", "console", "deny", "exec", "/etc/**", "{"])),
        max_size=3,
    ),
)


@given(addresses)
def test_any_address_can_be_read_bound_and_written(address):
    found = criteria.read(address)
    paging.bound(f"audit_{found.record}", found.values(content=True))
    if found.record == "activity":
        paging.bound("audit_hours", found.hours())
    again = criteria.read(found.query())
    assert again.given == found.given
    assert not again.ignored


@given(addresses)
def test_each_value_is_used_or_told(address):
    found = criteria.read(address)
    for name in (*BAR, *FIELDS):
        for value in address.get(name, ()):
            used = value in found.given.get(name, ())
            one = name in FIELDS and not FIELDS[name].several and name in found.given
            assert not value or used or one or f"{name}={value}" in found.ignored


def test_a_type_of_record_that_there_is_not():
    found = criteria.read({"record": ["everything"], "verdicts": ["deny"]})
    assert found.record == "activity"
    assert found.ignored == ("record=everything",)


@pytest.mark.parametrize(
    ("text", "parameter"),
    [("/etc/passwd", "object"), ("*.pem", "object"), ("~/x", "object"), ("id_rsa", "part"), ("a{b", "part")],
)
def test_an_object_is_a_pattern_or_a_part(text, parameter):
    values = criteria.read({"object": [text]}).values(content=False)
    assert parameter in values
    assert {"object": "part", "part": "object"}[parameter] not in values


def test_the_keyword_looks_into_command_lines_only_for_who_may_see_them():
    found = criteria.read({"keyword": ["token"]})
    assert found.values(content=False)["content"] == 0
    assert found.values(content=True)["content"] == 1


def test_hours_tell_how_many_where_only_they_are_asked():
    assert criteria.read({"verdicts": ["deny"], "agents": ["a"]}).countable()
    assert not criteria.read({"keyword": ["x"]}).countable()
    assert not criteria.read({"record": ["findings"]}).countable()


def test_what_a_form_gives():
    found = criteria.made("findings", {"severity": ["high"], "keyword": "  x ", "rule": None})
    assert found.given == {"severity": ("high",), "keyword": ("x",)}
    assert set(RECORDS) == {"activity", "findings", "actions", "requests", "console"}
