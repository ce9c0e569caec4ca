"""Whatever the size of pieces, and however large the text, the payloads are the same and in order."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.export.formats import writing
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, text
from pipeline.export.formats.tree import Const, Object

KINDS = writing.by_tree({"even": Object({"even": text("path")}), "odd": Object({"odd": text("path")})})
KIND_OF = choice("exe", {"e": "even", "o": "odd"}, "unknown")


def table(count):
    return pa.table(
        {"path": [f"p{i}" for i in range(count)], "exe": pa.array([(None, "e", "o", "?")[i % 4] for i in range(count)])}
    )


def wanted(count):
    return [(None, f'{{"even":"p{i}"}}', f'{{"odd":"p{i}"}}', None)[i % 4] for i in range(count)]


@pytest.mark.parametrize("piece", [1, 7, 100, 1000])
def test_sizes_make_no_difference(monkeypatch, piece):
    monkeypatch.setattr(writing, "PIECE", piece)
    assert writing.encode("activity", table(500), KINDS, KIND_OF).to_pylist() == wanted(500)


def test_rows_of_no_kind_are_null():
    made = writing.encode("activity", pa.table({"path": ["a", "b"]}), KINDS, KIND_OF)
    assert made.to_pylist() == [None, None]
    assert writing.kind_names("activity", table(4), KIND_OF).to_pylist() == [None, "even", "odd", "unknown"]


def test_text_beyond_one_array_is_put_together_in_halves():
    def write(rows):
        if len(rows) > 3:
            raise pa.ArrowCapacityError("array cannot contain more than 2147483646 bytes")
        return Object({"p": text("path"), "k": Const(1)}).pieces(rows, "")

    made = writing.encode(
        "activity", table(50), {"all": write}, Leaf((), lambda rows: pa.repeat(pa.scalar("all"), len(rows)))
    )
    assert made.to_pylist() == [f'{{"k":1,"p":"p{i}"}}' for i in range(50)]


def test_one_row_that_is_too_large_is_an_error():
    def write(rows):
        raise pa.ArrowCapacityError("too large")

    with pytest.raises(pa.ArrowCapacityError):
        writing.encode(
            "activity", table(2), {"all": write}, Leaf((), lambda rows: pa.repeat(pa.scalar("all"), len(rows)))
        )


def test_hundreds_of_megabytes_of_paths_are_written():
    rows = pa.table({"path": pa.repeat(pa.scalar("/" + "\x01" * 30_000), 300).slice(0), "exe": ["e"] * 300})
    made = writing.encode("activity", rows, KINDS, KIND_OF)
    assert len(made) == 300
    assert made[299].as_py() == '{"even":"/' + "\\u0001" * 30_000 + '"}'


def test_kinds_in_long_runs_and_by_turns_keep_their_order():
    words = ["e"] * 300 + ["o"] * 300 + ["e", "o", "?"] * 100
    rows = pa.table({"path": [f"p{i}" for i in range(900)], "exe": words})
    names = {"e": "even", "o": "odd"}
    wanted = [f'{{"{names[w]}":"p{i}"}}' if w in names else None for i, w in enumerate(words)]
    assert writing.encode("activity", rows, KINDS, KIND_OF).to_pylist() == wanted
