from __future__ import annotations

import pyarrow as pa
import pytest

from collectors.interface import Origin
from collectors.portable.rows import Numbering, batch, clean, fact
from pipeline import schema

ORIGIN = Origin("host", "boot")


def test_rows_stand_in_order_of_time_and_are_numbered_by_class():
    facts = [fact("file.create", 3000, path="/b"), fact("exec", 2000, pid=7), fact("file.delete", 1000, path="/a")]
    made = batch(facts, ORIGIN, Numbering()).to_pylist()
    assert [(r["operation"], r["class"], r["seq"]) for r in made] == [
        ("file.delete", "file", 0), ("exec", "process", 0), ("file.create", "file", 1),
    ]  # fmt: skip
    assert {(r["host"], r["boot_id"], r["source"]) for r in made} == {("host", "boot", "portable")}
    assert [r["time"].microsecond for r in made] == [1, 2, 3]


def test_the_lake_takes_every_row_as_it_is():
    made = batch(
        [fact("net.connect", dst_ip="::1", dst_port=443, pid=1), fact("file.mkdir", path="/x")], ORIGIN, Numbering()
    )
    assert schema.conform(made, "activity").num_rows == 2
    assert made.schema.field("path").type == schema.DICTIONARY
    assert made.schema.field("dst_port").type == pa.int32()
    assert "path_to" not in made.schema.names


def test_numbers_go_on_from_batch_to_batch():
    numbers = Numbering()
    batch([fact("file.create")], ORIGIN, numbers)
    assert numbers.take("file", 5) == 1
    assert batch([fact("file.create")], ORIGIN, numbers).column("seq").to_pylist() == [6]


def test_a_fact_of_an_operation_that_there_is_not_is_refused():
    with pytest.raises(KeyError):
        fact("file.imagined")


def test_bytes_that_are_no_text_are_shown_and_a_newline_stays():
    name = b"a\xff\nb".decode("utf-8", "surrogateescape")
    assert clean(name) == "a\\xff\nb"
    assert batch([fact("file.create", path=name)], ORIGIN, Numbering()).column("path").to_pylist() == ["a\\xff\nb"]
