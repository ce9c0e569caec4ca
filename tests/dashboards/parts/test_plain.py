"""Text of agents: nothing of it acts, whatever it is made of."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts import plain

NASTY = [
    "a\nb",
    "\x1b[31mred",
    "exe.\u202etxt",
    "zero\u200bwidth",
    "<script>x</script>",
    "[a](javascript:x)",
    "**bold**",
    "$x^2$",
    ":material/home:",
]
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(max_size=300))
def test_a_label_has_no_invisible_character_and_no_markup(text):
    made = plain.label(text)
    assert not {unicodedata.category(c) for c in made} & HIDDEN
    bare, position = [], 0
    while position < len(made):
        if made[position] == "\\":
            position += 1
        else:
            bare.append(made[position])
        position += 1
    assert not set(bare) & set("\\`*_{}[]()<>#!|~:$^=&@\"'")


@given(st.text("\\[]()ab", max_size=20))
def test_a_badge_stands_as_it_was_meant_once_streamlit_has_escaped_its_brackets(text):
    shown = plain.badge(text).replace("[", "\\[").replace("]", "\\]")  # as st.badge does
    assert shown == plain.label(text)


@given(st.text(min_size=1, max_size=300), st.integers(3, 60))
def test_what_is_shortened_keeps_its_ends(text, longest):
    made = plain.shortened(text, longest)
    assert len(made) <= longest
    assert made == text or (made[0] == text[0] and made[-1] == text[-1] and "…" in made)


@pytest.mark.parametrize("text", NASTY)
def test_cells_are_harmless_and_other_columns_as_they_were(text):
    rows = pa.table(
        {"t": pa.array([text, None, text]), "d": pa.array([text, "x", None]).dictionary_encode(), "n": [1, 2, 3]}
    )
    made = plain.table(rows)
    assert made["n"].equals(rows["n"])
    assert made["t"].to_pylist()[1] is None
    assert made["d"].to_pylist()[1:] == ["x", None]
    for value in (made["t"].to_pylist()[0], made["d"].to_pylist()[0]):
        assert not {unicodedata.category(c) for c in value} & HIDDEN


def test_chunks_and_no_rows_at_all():
    chunked = pa.concat_tables([pa.table({"t": ["a\n"]}), pa.table({"t": ["b"]})])
    assert plain.table(chunked)["t"].to_pylist() == ["a\\n", "b"]
    assert plain.table(chunked.slice(0, 0)).num_rows == 0
