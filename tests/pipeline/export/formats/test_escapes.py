"""What an escape writes, Python's own JSON reader turns back; nothing hidden is left over."""

from __future__ import annotations

import json
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.formats.escapes import HIDDEN, JSON, Escape, valid


@given(st.lists(st.none() | st.text()))
def test_json_reader_gets_the_very_values_back(values):
    made = JSON(pa.array(values, pa.string())).to_pylist()
    assert [None if m is None else json.loads(f'"{m}"') for m in made] == values


def test_hostile_values_come_back_too(hostile):
    made = JSON(pa.array(hostile)).to_pylist()
    assert [json.loads(f'"{m}"') for m in made] == list(hostile)


def test_slices_are_seen_where_they_begin():
    made = JSON(pa.array(['"', "a", 'b"', None, "\n", "c"])[2:])
    assert made.to_pylist() == ['b\\"', None, "\\u000a", "c"]


def test_hidden_are_all_controls_line_breaks_and_directions():
    raw = {character for character, _ in HIDDEN}
    every = [chr(i) for i in range(0x110000)]
    assert {c for c in every if unicodedata.category(c) in {"Cc", "Zl", "Zp"}} <= raw
    assert {
        c
        for c in every
        if unicodedata.bidirectional(c) in {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    } <= raw
    assert {c for c in every if len(f"a{c}b".splitlines()) > 1} <= raw


@pytest.mark.parametrize("character", [raw for raw, _ in HIDDEN])
def test_each_hidden_character_is_written_visibly(character):
    assert JSON(pa.array([f"a{character}b", "plain"])).to_pylist() == [f"a\\u{ord(character):04x}b", "plain"]


def test_special_characters_are_replaced_in_order():
    assert Escape((("\\", "\\\\"), ("|", "\\|")))(pa.array(["a|b\\|"])).to_pylist() == ["a\\|b\\\\\\|"]


def test_bytes_that_are_no_utf8_become_replacement_characters():
    offsets = pa.array([0, 2, 4], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"\xffaok")])
    assert valid(broken).to_pylist() == ["\ufffda", "ok"]
    assert valid(pa.array(["ok", None])).to_pylist() == ["ok", None]
