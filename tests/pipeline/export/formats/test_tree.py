"""A tree writes what Python's json would write of the same members; absent members leave no trace and no gap."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.formats.joining import everywhere
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import number, text
from pipeline.export.formats.rows import pieces
from pipeline.export.formats.tree import Array, Const, Members, Object
from pipeline.export.formats.writing import written


def rows_of(count=None, **columns):
    table = pa.table(columns)
    return pieces("activity", table, 10_000)[0]


def events(node, rows):
    return [None if t is None else json.loads(t) for t in written(node, rows).to_pylist()]


TREE = Object(
    {
        "path": text("path"),
        "file": Object({"name": text("path"), "type": Const(0)}, needs=("name",)),
        "any": Object({"pid": number("pid"), "exe": text("exe"), "cwd": text("cwd")}, any_of=("pid", "exe")),
        "list": Array([text("exe"), text("path")]),
        "only": Object({"pid": number("pid")}),
    },
    groups=[Members({"cwd": text("cwd"), "exe": text("exe")}, shared=True)],
)


def wanted(path, exe, cwd, pid):
    some = {"pid": pid, "exe": exe, "cwd": cwd}
    made = {
        "cwd": cwd, "exe": exe, "path": path,
        "file": None if path is None else {"name": path, "type": 0},
        "any": None if pid is None and exe is None else {k: v for k, v in some.items() if v is not None},
        "list": [v for v in (exe, path) if v is not None] or None,
        "only": None if pid is None else {"pid": pid},
    }  # fmt: skip
    return {k: v for k, v in made.items() if v is not None}


TEXT = st.none() | st.sampled_from(["a", "b", 'x"\n'])


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT, st.none() | st.integers(0, 3)), min_size=1, max_size=600))
def test_any_mixture_of_absent_members(values):
    path, exe, cwd, pid = (list(c) for c in zip(*values, strict=True))
    columns = {
        "path": pa.array(path, pa.string()),
        "exe": pa.array(exe, pa.string()),
        "cwd": pa.array(cwd, pa.string()),
    }
    rows = rows_of(**columns, pid=pa.array(pid, pa.int32()))
    assert [e or {} for e in events(TREE, rows)] == [wanted(*v) for v in values]


def test_many_rows_of_few_values_are_written_alike():
    values = [(f"/p{i % 7}", None if i % 3 else "e", "c", i % 5) for i in range(3000)]
    path, exe, cwd, pid = (list(c) for c in zip(*values, strict=True))
    rows = rows_of(path=path, exe=pa.array(exe, pa.string()), cwd=cwd, pid=pa.array(pid, pa.int32()))
    assert events(TREE, rows) == [wanted(*v) for v in values]
    part = rows.take(np.arange(100, 2900)).take(np.arange(50, 60))
    assert events(TREE, part) == [wanted(*v) for v in values[150:160]]


def test_event_of_constants_alone_stands_in_each_row():
    assert (
        events(Object({"a": Const(1), "b": Const(["x"]), "c": Const(value=True)}), rows_of(path=["a", "b"]))
        == [{"a": 1, "b": ["x"], "c": True}] * 2
    )


def test_nothing_at_all_is_null():
    assert events(Object({"a": text("exe")}), rows_of(path=["a"])) == [None]


def test_object_that_each_row_has_is_left_in_pieces_and_another_is_joined():
    rows = rows_of(path=["a", "b"], exe=pa.array([None, "e"]))
    object_ = Object({"k": Const(1), "exe": text("exe"), "p": Object({"x": Const(2), "path": text("path")})})
    assert len(object_.pieces(rows, "")) == 4
    assert len(Object({"exe": text("exe"), "cwd": text("cwd")}).pieces(rows, "")) == 1
    assert len(Object({"path": text("path"), "exe": text("exe")}, needs=("exe",)).pieces(rows, "")) == 1
    assert events(object_, rows) == [
        {"k": 1, "p": {"x": 2, "path": "a"}},
        {"k": 1, "exe": "e", "p": {"x": 2, "path": "b"}},
    ]


def test_list_is_left_in_pieces_where_each_row_has_its_first_element():
    rows = rows_of(path=["a", "b"], exe=pa.array([None, "e"]))
    first_always, first_not = Array([text("path"), text("exe")]), Array([text("exe"), text("path")])
    assert len(first_always.pieces(rows, "")) > len(first_not.pieces(rows, "")) == 1
    assert events(first_always, rows) == [["a"], ["b", "e"]]
    assert events(first_not, rows) == [["a"], ["e", "b"]]


def test_row_without_a_value_has_null_in_every_piece():
    leaf = Leaf((), lambda _: pa.array(["a", None]), often_new=True)
    for node in (leaf, Object({"x": leaf, "y": text("exe")}), Array([leaf, text("exe")])):
        assert not any(everywhere(piece) for piece in node.pieces(rows_of(path=["a", "b"]), ""))
        assert [e is None for e in events(node, rows_of(path=["a", "b"]))] == [False, True]


def test_leaves_are_listed_with_their_paths():
    assert [path for path, _ in TREE.leaves("")] == [
        "cwd", "exe", "path", "file.name", "file.type", "any.pid", "any.exe", "any.cwd", "list[]", "list[]", "only.pid",
    ]  # fmt: skip
