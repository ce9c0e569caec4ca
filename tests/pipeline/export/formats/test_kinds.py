"""The kind of a row: what is known of it best."""

from __future__ import annotations

import pyarrow as pa

from pipeline.export.formats.kinds import activity_kind
from pipeline.export.formats.rows import pieces


def kinds(names, **columns):
    return activity_kind(names).make(pieces("activity", pa.table(columns), 100)[0]).to_pylist()


def test_operation_then_its_class_then_the_class_of_the_row():
    names = ("exec refused", "exec", "process", "file", "other")
    operations = pa.array(["exec", "exec", "exit", "file.read", "net.send", None, "?"])
    outcomes = pa.array(["success", "denied", None, "failure", "success", None, "denied"])
    classes = pa.array([None, "process", "process", None, "network", "file", "ui"])
    assert kinds(names, operation=operations, outcome=outcomes, **{"class": classes}) == [
        "exec", "exec refused", "process", "file", "other", "file", "other",
    ]  # fmt: skip


def test_refused_is_only_told_where_it_is_wanted():
    assert kinds(("process", "other"), operation=["exec"], outcome=["denied"]) == ["process"]


def test_rows_that_say_nothing_are_other():
    assert kinds(("file", "other"), path=["a"]) == ["other"]
