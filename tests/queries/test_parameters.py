"""Values become literals: what is read back from DuckDB is what was meant, whatever stands in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.parameters import TYPES, Parameter, ParameterError, duration, items, moment, pattern

ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
"""All but half characters and NUL, which no text of a lake holds."""


DATABASE = duckdb.connect()
DATABASE.execute("SET TimeZone = 'UTC'")


def ask(sql):
    return DATABASE.execute(f"SELECT {sql}").fetchone()[0]


def literal(type_, value):
    return Parameter("p", type_, "", "for a test").literal(value)


@settings(deadline=None)
@given(ANYTHING)
def test_any_text_comes_back_as_it_was(text):
    assert ask(literal("text", text)) == text


@settings(deadline=None)
@given(st.lists(ANYTHING, max_size=5))
def test_any_list_comes_back_as_it_was(texts):
    assert ask(literal("texts", texts)) == texts


@settings(deadline=None)
@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_any_whole_number_comes_back(number):
    assert ask(literal("int", str(number))) == number


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_comes_back(number):
    assert ask(literal("number", repr(number))) == number


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("7d", 604800), ("250ms", 0.25), ("0s", 0)]
)
def test_a_duration_is_read(text, seconds):
    assert ask(literal("duration", text)) == timedelta(seconds=seconds)


def test_times_are_read_in_utc_unless_they_have_a_zone():
    assert moment("2026-01-31T12:00:00") == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert moment("2026-01-31T12:00:00+02:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert ask(literal("time", "2026-01-31T12:00:00Z")).astimezone(UTC) == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("int", "1; DROP TABLE activity"), ("int", "1.5"), ("int", True), ("int", 2**63), ("number", "nan"),
        ("number", "x"), ("duration", "10"), ("duration", "-5m"), ("duration", "9999999d"), ("duration", 5),
        ("time", "yesterday"), ("time", 5), ("text", 5), ("text", "a\0b"), ("text", "a\udcffb"), ("texts", [1]),
        ("regex", "(unclosed"), ("regex", "(?=look)"), ("globs", "{a,{b}}"), ("globs", "a}"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_in_one_line(type_, value):
    with pytest.raises(ParameterError) as refused:
        literal(type_, value)
    assert len(str(refused.value).splitlines()) == 1


def test_commas_in_braces_separate_nothing():
    assert items("a/{b,c},d") == ["a/{b,c}", "d"]
    assert items("") == []


@pytest.mark.parametrize(
    ("glob", "fits", "fits_not"),
    [
        ("~/.ssh/id_*", ["/root/.ssh/id_rsa", "/home/dev/.ssh/id_x"], ["/home/dev/.ssh/old/id_x", "/srv/.ssh/id_rsa"]),
        ("**/.env", ["/.env", "/a/b/.env"], ["/a/x.env", "/a/.env/b"]),
        ("/etc/{a,b}/**", ["/etc/a/x", "/etc/b/x/y"], ["/etc/a", "/etc/c/x"]),
        ("/etc/**", ["/etc/a\nb/x", "/etc/\n"], ["/x\n/etc/a"]),
        ("**/.env", ["/a\nb/.env", "/\n/c/.env"], ["/a\n.env"]),
        ("*.pem", ["a\nb.pem"], ["a/b.pem"]),
        ("10.*", ["10.0.0.1"], ["110.0.0.1"]),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("/x/a.b+(c)", ["/x/a.b+(c)"], ["/x/aab+(c)"]),
    ],
)
def test_globs_mean_what_the_documents_say(glob, fits, fits_not):
    for text, wanted in [*((t, True) for t in fits), *((t, False) for t in fits_not)]:
        found = DATABASE.execute(f"SELECT regexp_full_match($1, {literal('globs', [glob])})", [text]).fetchone()
        assert found == (wanted,), text


@settings(deadline=None)
@given(st.text("ab?*.", max_size=8), st.text("ab.", max_size=8))
def test_a_glob_without_slashes_agrees_with_fnmatch(glob, text):
    if "**" not in glob:
        assert ask(f"regexp_full_match('{text}', '{pattern(glob)}')") is fnmatchcase(text, glob)


def test_an_empty_list_of_globs_fits_nothing():
    for text in ("", "a", "/x/y"):
        assert ask(f"regexp_full_match('{text}', {literal('globs', '')})") is False


def test_a_duration_may_be_one_already():
    assert duration(timedelta(minutes=5)) == timedelta(minutes=5)
    assert set(TYPES) == {"text", "int", "number", "duration", "time", "texts", "globs", "regex"}
