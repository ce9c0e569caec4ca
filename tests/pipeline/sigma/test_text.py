"""Whatever a rule says stays inside its quotes."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sigma.text import LOWERED, TextError, column, literal, lowered, pattern

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_literal_is_the_text_and_nothing_else(text):
    assert duckdb.sql(f"SELECT {literal(text)}").fetchall() == [(text,)]


@given(TEXT)
def test_lowered_is_what_the_database_makes_of_it(text):
    assert duckdb.sql(f"SELECT {lowered(text)} = lower({literal(text)})").fetchall() == [(True,)]


@given(st.text(st.characters(exclude_categories=["Cs", "C", "Z"]), min_size=1))
def test_column_is_one_name(name):
    assert duckdb.sql(f"SELECT 1 AS {column(LOWERED, name)}").columns == [f"l:{name}"]


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\x1b[2J"])
def test_no_name_with_control_characters(name):
    with pytest.raises(TextError):
        column(LOWERED, name)


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(TextError, match="surrogate"):
        literal("a\ud800")


@given(st.lists(st.sampled_from(["%", "_", "\\", "a", "'"]), max_size=6), TEXT)
def test_pattern_of_plain_text_is_that_text(letters, other):
    plain = "".join(letters)
    like, escape = pattern([plain] if plain else [])
    for value in (plain, other, plain.replace("_", "x").replace("%", "yy")):
        found = duckdb.sql(f"SELECT {literal(value)} LIKE {literal(like)}{escape}").fetchall()
        assert found == [(value == plain,)], (value, like)
