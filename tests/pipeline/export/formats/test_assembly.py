"""Payloads put together of pieces: each at its place, whatever the kinds of event, their pieces and the sizes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.formats import assembly
from pipeline.export.formats.assembly import assembled
from pipeline.export.formats.interface import PAYLOAD
from pipeline.export.formats.joining import Coded

TEXTS = pa.array(["", "aé", None, "ccc"], pa.string())
VALUES = TEXTS.to_pylist()
PIECES = st.lists(st.sampled_from(["constant", "coded", "array", "nothing"]), max_size=6)


def pieces_of(kinds, count, turn):
    """Pieces of each sort, and for each row what they say."""
    made, said = [], [[] for _ in range(count)]
    for number, kind in enumerate(kinds):
        codes = (np.arange(count, dtype=np.int64) + turn + number) % 4
        values = [VALUES[c] for c in codes]
        made.append(
            {
                "constant": f"<{number}>",
                "coded": Coded(codes, TEXTS),
                "array": pa.array(values, pa.string()),
                "nothing": None,
            }[kind]
        )
        for row in range(count):
            said[row].append({"constant": f"<{number}>", "nothing": None}.get(kind, values[row]))
    return made, [None if all(v is None for v in row) else "".join(v or "" for v in row) for row in said]


@settings(deadline=None, max_examples=60)
@given(kinds=st.lists(PIECES, max_size=3), whose=st.lists(st.integers(0, 3), max_size=40))
def test_any_kinds_of_event_come_back_in_order(kinds, whose):
    parts, wanted = [], [None] * len(whose)
    for number, kind in enumerate(kinds):
        places = np.flatnonzero(np.array(whose) == number)
        made, said = pieces_of(kind, len(places), number)
        parts.append((places, made))
        for place, text in zip(places, said, strict=True):
            wanted[place] = text
    made = assembled(parts, len(whose))
    made.validate(full=True)
    assert made.type == PAYLOAD
    assert made.to_pylist() == wanted


@pytest.mark.parametrize("at_once", [1, 7, 10_000])
def test_sizes_of_what_is_taken_at_once_make_no_difference(monkeypatch, at_once):
    monkeypatch.setattr(assembly, "_AT_ONCE", at_once)
    made, wanted = pieces_of(["constant", "coded", "array", "coded"], 100, 0)
    assert assembled([(np.arange(100), made)], 100).to_pylist() == wanted


def test_short_texts_that_repeat_take_constants_in_and_others_do_not():
    count = 1000
    often = Coded(np.arange(count) % 3, pa.array(["a", "b", "c"]))
    absent, long = (
        Coded(np.arange(count) % 2, pa.array(["a", None])),
        Coded(np.arange(count) % 2, pa.array(["x" * 999] * 2)),
    )
    folded = assembly._folded(["<", often, ">", absent, "!", long, "."], count)
    assert folded[0].texts.to_pylist() == ["<a>", "<b>", "<c>"]
    assert folded[1:] == [absent, "!", long, "."]
    assert assembled([(np.arange(count), ["<", often, ">"])], count)[4].as_py() == "<b>"


def test_texts_that_kinds_share_are_there_once():
    shared = Coded(np.zeros(2, np.int64), TEXTS)
    texts = assembly._Texts([shared, "k", shared, "k"])
    assert len(texts._every) == len(TEXTS) + len({"", "k"})
