"""An address becomes filters and the same address again; what is no filter is said, and nothing of it is an exception."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.search.criteria import Criteria, made, read
from dashboards.search.records import BAR, FIELDS, RECORDS
from queries.paging import bound
from queries.parameters import Parameter


def test_an_address_is_read_and_written_again():
    address = {"agents": ["codex"], "verdicts": ["deny", "none"], "object": ["/etc/**"], "since": ["7d"]}
    criteria = read(address)
    assert criteria.query() == {k: v for k, v in address.items() if k != "since"}
    assert criteria.values(content=True) == {
        "agents": ["codex"], "verdicts": ["deny", "none"], "object": ["/etc/**"], "piece": "/etc/", "content": 1,
    }  # fmt: skip
    assert read(criteria.query()) == criteria


def test_each_type_of_record_keeps_to_its_filters():
    found = read({"record": ["findings"], "severity": ["high", "worst"], "verdicts": ["deny"], "run": ["r1"]})
    assert found.record == "findings"
    assert found.given == {"severity": ("high",), "run": ("r1",)}
    assert found.ignored == ("verdicts=deny", "severity=worst")
    assert found.query() == {"record": ["findings"], "severity": ["high"], "run": ["r1"]}
    assert read({"record": ["secrets"]}) == Criteria(ignored=("record=secrets",))
    assert read({"record": ["secrets"]}).ignored == ("record=secrets",)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("/etc/passwd", {"object": ["/etc/passwd"], "piece": "/etc/passwd"}), ("~/.ssh/**", {"object": ["~/.ssh/**"], "piece": "/.ssh/"}),
        ("*.pem", {"object": ["*.pem"], "piece": ".pem"}), ("passwd", {"part": "passwd"}), ("203.0.113.7", {"part": "203.0.113.7"}),
        ("/a{b", {"part": "/a{b"}), ("/tmp/a\nb", {"object": ["/tmp/a\nb"], "piece": "/tmp/a\nb"}), ("x\x1b[2J", {"part": "x\x1b[2J"}),
        ("**/id_{rsa,ed25519}.old", {"object": ["**/id_{rsa,ed25519}.old"], "piece": ".old"}), ("**", {"object": ["**"], "piece": ""}),
    ],
)  # fmt: skip
def test_an_object_is_a_pattern_a_path_or_a_part_of_one(text, values):
    assert read({"object": [text]}).values(content=False) == {**values, "content": 0}


def test_the_hours_count_what_they_know():
    assert read({"agents": ["a"], "activities": ["DNS"], "labels": ["secret"]}).countable()
    assert not read({"keyword": ["x"]}).countable()
    assert not read({"object": ["x"]}).countable()
    assert not read({"record": ["findings"]}).countable()
    assert read({"keyword": ["x"], "operation": ["exec"]}).hours() == {"operations": ["exec"]}


def test_the_form_gives_the_same_as_the_address():
    assert made("activity", {"keyword": " key ", "verdicts": ["deny"], "classes": [], "run": None}) == read(
        {"keyword": ["key"], "verdicts": ["deny"]}
    )


addresses = st.dictionaries(
    st.sampled_from(["record", *BAR, *FIELDS, "stray"]),
    st.lists(st.text(max_size=12) | st.sampled_from([*RECORDS, "deny", "exec", "/etc/**", "{"]), max_size=3),
    max_size=6,
)


DATABASE = duckdb.connect()


@settings(deadline=None, max_examples=300)
@given(st.text("ab/*?{,}~", min_size=1, max_size=9), st.text("ab/", max_size=8))
def test_what_fits_a_pattern_has_its_piece(glob, path):
    values = read({"object": [glob]}).values(content=False)
    if "object" in values:
        fits = Parameter("p", "globs", "", "x").literal(values["object"])
        found = DATABASE.execute(f"SELECT regexp_full_match($1, {fits}), contains($1, $2)", [path, values["piece"]])
        assert found.fetchone() in {(True, True), (False, True), (False, False)}


@settings(deadline=None)
@given(addresses)
def test_any_address_can_be_read_bound_and_written(address):
    criteria = read(address)
    assert bound(f"audit_{criteria.record}", criteria.values(content=True))
    assert criteria.record != "activity" or bound("audit_hours", criteria.hours())
    again = read(criteria.query())
    assert again == criteria
    assert not again.ignored


@settings(deadline=None)
@given(addresses)
def test_each_value_is_used_or_told(address):
    criteria = read(address)
    for name in (*BAR, *FIELDS):
        for value in address.get(name, ()):
            used = value in criteria.given.get(name, ())
            one = name in FIELDS and not FIELDS[name].several and name in criteria.given
            assert not value or used or one or f"{name}={value}" in criteria.ignored
