"""The format is what was asked for, else what the file's ending says, else a table."""

from pathlib import Path

import pytest

from lictor.formats import Format, chosen


@pytest.mark.parametrize(
    ("wanted", "output", "expected"),
    [
        (None, None, "table"),
        (Format.json, None, "json"),
        (None, Path("x.CSV"), "csv"),
        (None, Path("x.parquet"), "parquet"),
        (None, Path("x.table"), "table"),
        (Format.json, Path("x.csv"), "json"),
    ],
)
def test_choice(wanted, output, expected):
    assert chosen(wanted, output) == expected
