"""Columns and their types are those of every engine that reads the lake."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import columns


def test_a_column_says_what_it_was_made_of():
    made = columns.column("n", columns.LONG, "what", "events", "lake", "rows")
    assert (made.name, made.type, made.group, made.unit, made.source, made.meaning) == (
        "n",
        pa.int64(),
        "what",
        "events",
        "lake",
        "rows",
    )


@pytest.mark.parametrize("kind", [columns.TEXT, columns.INT, columns.LONG, columns.TIME])
def test_types_are_written_and_read_alike(kind):
    assert not pa.types.is_unsigned_integer(kind)
    assert not pa.types.is_timestamp(kind) or (kind.unit == "us" and kind.tz == "UTC")


def test_in_memory_text_is_numbers_of_32_bits():
    assert columns.DICTIONARY.index_type == pa.int32()
    assert columns.DICTIONARY.value_type == columns.TEXT
