"""Lines of pairs: each value goes through the escape of its place, absent ones leave nothing behind."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.export.formats.assembly import assembled
from pipeline.export.formats.escapes import Escape
from pipeline.export.formats.leaves import constant, number, text
from pipeline.export.formats.pairs import Field, Fields, Line
from pipeline.export.formats.rows import pieces

MARKED = Escape((("=", "<eq>"),))
HEAD = Escape((("|", "<bar>"),))


def rows_of(**columns):
    return pieces("activity", pa.table(columns), 10_000)[0]


def line(together):
    fields = Fields(
        [Field("p", text("path")), Field("n", number("pid")), Field("e", text("exe"))], ";", MARKED, together=together
    )
    return Line(
        "X|", [text("user"), constant("t")], HEAD, "end|", [fields, Fields([Field("c", text("cwd"))], ";", MARKED)], ";"
    )


def lines(of, rows):
    return assembled([(np.arange(len(rows)), of.pieces(rows))], len(rows)).to_pylist()


def test_lines_of_one_and_of_many_rows():
    for count in (1, 300):
        rows = rows_of(
            user=["a|b", "u"] * count,
            path=["x=y", None] * count,
            pid=pa.array([None, 7] * count, pa.int32()),
            cwd=pa.array([None, "=\n"] * count),
        )
        for together in (False, True):
            assert lines(line(together), rows) == ["X|a<bar>b|t|end|p=x<eq>y", "X|u|t|end|n=7;c=<eq>\\u000a"] * count


def test_line_without_pairs_is_its_header():
    assert lines(line(together=True), rows_of(user=["u"])) == ["X|u|t|end|"]


def test_fields_are_listed():
    assert [f.key for f in line(together=False).fields()] == ["p", "n", "e", "c"]


def test_groups_behind_one_that_each_line_has_are_not_joined_with_it():
    rows = rows_of(user=["u"] * 3, path=["a", "b", "c"], cwd=pa.array(["x", None, "z"]))
    assert lines(line(together=False), rows) == ["X|u|t|end|p=a;c=x", "X|u|t|end|p=b", "X|u|t|end|p=c;c=z"]
