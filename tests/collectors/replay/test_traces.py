"""A trace comes back complete and in order, whatever order it was written in, or it is refused."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.interface import Collector, CollectorError
from collectors.replay.traces import TraceCollector
from pipeline import schema


def trace(times: list[int], **columns: list[object]) -> pa.Table:
    n = len(times)
    base = {"time_ns": times, "class": ["file"] * n, "operation": ["file.read"] * n, **columns}
    return pa.table({name: pa.array(v, schema.lake_type("activity", name)) for name, v in base.items()})


def write(tmp_path, table: pa.Table, **options: object):
    path = tmp_path / "trace.parquet"
    pq.write_table(table, path, **options)
    return path


def drawn(path, done=lambda: False, **options: int) -> list[pa.RecordBatch]:
    collector = TraceCollector(path, **options)
    collector.open()
    try:
        return list(collector.batches(done))
    finally:
        collector.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 5), max_size=60),
    group=st.integers(1, 20),
    batch=st.integers(1, 20),
    statistics=st.booleans(),
)
def test_every_row_comes_once_in_order_of_time_ns(tmp_path, times, group, batch, statistics) -> None:
    table = trace(times, seq=list(range(len(times))), path=[f"/{t}" for t in times])
    batches = drawn(write(tmp_path, table, row_group_size=group, write_statistics=statistics), batch_rows=batch)
    got = [
        row for b in batches for row in zip(*(b.column(n).to_pylist() for n in ("time_ns", "seq", "path")), strict=True)
    ]
    assert [t for t, _, _ in got] == sorted(times)
    assert Counter(got) == Counter(zip(times, range(len(times)), [f"/{t}" for t in times], strict=True))
    assert all(b.num_rows <= batch for b in batches)


def test_rows_of_one_nanosecond_keep_their_order_in_the_file(tmp_path) -> None:
    batches = drawn(write(tmp_path, trace([7, 7, 3, 7], seq=[1, 2, 3, 4])))
    assert batches[0].column("seq").to_pylist() == [3, 1, 2, 4]


def test_sorted_row_groups_stream_one_by_one(tmp_path) -> None:
    path = write(tmp_path, trace(list(range(100))), row_group_size=10)
    collector = TraceCollector(path)
    collector.open()
    stream = collector.batches(lambda: False)
    assert next(stream).num_rows == 10
    assert sum(collector.health().column("delivered").to_pylist()) == 10
    collector.close()


def test_strings_are_dictionaries_and_empty_columns_are_left_out(tmp_path) -> None:
    table = trace([1, 2], path=["/a", None], path_to=[None, None], source=["ebpf", "ebpf"])
    (batch,) = drawn(write(tmp_path, table))
    assert batch.schema.names == ["time_ns", "source", "class", "operation", "path"]
    assert {batch.schema.field(n).type for n in ("class", "operation", "path", "source")} == {schema.DICTIONARY}
    schema.conform(batch, "activity")


def test_rows_without_a_source_come_from_the_replay(tmp_path) -> None:
    (batch,) = drawn(write(tmp_path, trace([1])))
    assert batch.column("source").to_pylist() == ["replay"]


def test_what_another_writer_made_of_the_types_is_read_alike(tmp_path) -> None:
    table = pa.table(
        {
            "time_ns": pa.array([1], pa.int64()),
            "class": pa.array(["file"]).dictionary_encode(),
            "operation": pa.array(["file.read"], pa.large_string()),
            "pid": pa.array([5], pa.int64()),
            "time": pa.array([1], pa.timestamp("ms", tz="UTC")),
            "labels": pa.nulls(1),
        }
    )
    (batch,) = drawn(write(tmp_path, table))
    assert batch.column("pid").type == pa.int32()
    assert schema.conform(batch, "activity").column("operation").to_pylist() == ["file.read"]


def test_one_coverage_row_per_class_also_for_an_idle_interval(tmp_path) -> None:
    table = trace([1000, 2000, 9000], host=["h"] * 3)
    table = table.set_column(1, "class", pa.array(["file", "network", "file"]))
    collector = TraceCollector(write(tmp_path, table))
    collector.open()
    assert isinstance(collector, Collector)
    list(collector.batches(lambda: False))
    first, second = collector.health(), collector.health()
    collector.close()
    assert Counter(first.column("class").to_pylist()) == Counter(["process", "file", "network", "kernel"])
    by_class = {row["class"]: row for row in first.to_pylist()}
    assert (by_class["file"]["emitted"], by_class["network"]["delivered"], by_class["process"]["emitted"]) == (2, 1, 0)
    assert by_class["file"]["since"].microsecond == 1
    assert by_class["file"]["until"].microsecond == 9
    assert by_class["file"]["host"] == "h"
    for row in (*first.to_pylist(), *second.to_pylist()):
        assert row["last_seq"] - row["first_seq"] + 1 == row["emitted"] == row["delivered"] + row["lost"]
    assert sum(second.column("emitted").to_pylist()) == 0
    assert schema.conform(first, "coverage").num_rows == len(by_class)


def test_a_class_that_only_some_systems_tell_of_is_answered_for_where_it_is_in_the_trace(tmp_path) -> None:
    table = trace([1000, 2000]).set_column(1, "class", pa.array(["dns", "file"]))
    collector = TraceCollector(write(tmp_path, table))
    collector.open()
    list(collector.batches(lambda: False))
    first, second = ({r["class"]: r["emitted"] for r in collector.health().to_pylist()} for _ in range(2))
    collector.close()
    assert first == {"process": 0, "file": 1, "network": 0, "kernel": 0, "dns": 1}
    assert second == dict.fromkeys(first, 0)


def test_done_ends_the_stream_after_what_was_read(tmp_path) -> None:
    path = write(tmp_path, trace(list(range(50))), row_group_size=10)
    answers = iter([False, False, True])
    assert sum(b.num_rows for b in drawn(path, lambda: next(answers))) == 20


def test_an_empty_trace_has_no_batch(tmp_path) -> None:
    assert drawn(write(tmp_path, trace([]))) == []


def refused(path) -> str:
    with pytest.raises(CollectorError) as caught:
        drawn(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    return text


def test_files_that_are_no_trace_are_refused_in_one_line(tmp_path) -> None:
    assert "no such file" in refused(tmp_path / "none")
    assert "is a folder" in refused(tmp_path)
    junk = tmp_path / "junk"
    junk.write_bytes(b"PAR1 no parquet at all PAR1")
    assert "no readable Parquet" in refused(junk)
    assert "column time_ns is missing" in refused(write(tmp_path, pa.table({"a": [1]})))
    assert "column colour is not in" in refused(write(tmp_path, trace([1]).append_column("colour", pa.array(["red"]))))
    assert "column pid is string" in refused(write(tmp_path, trace([1]).append_column("pid", pa.array(["5"]))))
    assert "a row has no operation" in refused(write(tmp_path, trace([1], operation=[None])))
    assert "operation 'file.eat' is not" in refused(write(tmp_path, trace([1], operation=["file.eat"])))


def test_a_number_too_large_for_its_column_is_refused(tmp_path) -> None:
    assert "is damaged" in refused(write(tmp_path, trace([1]).append_column("pid", pa.array([2**40]))))


def test_text_that_is_no_utf8_is_refused(tmp_path) -> None:
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")]
    )
    assert "is damaged" in refused(write(tmp_path, trace([1]).append_column("path", bad), use_dictionary=False))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), cut=st.booleans())
def test_a_damaged_file_is_a_one_line_error_or_whole(tmp_path, seed, cut) -> None:
    path = write(
        tmp_path,
        trace(list(range(200)), path=[f"/{n}" for n in range(200)]),
        row_group_size=50,
        write_page_checksum=True,
    )
    content, random = bytearray(path.read_bytes()), np.random.default_rng(seed)
    where = int(random.integers(len(content)))
    if cut:
        del content[where:]
    else:
        content[where] ^= 0xFF
    path.write_bytes(content)
    try:
        rows = sum(b.num_rows for b in drawn(path))
    except CollectorError as error:
        rows = str(error).count("\n")
    assert rows in {0, 200}


def test_a_batch_size_of_nothing_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="batch_rows"):
        TraceCollector(tmp_path, batch_rows=0)


def test_batches_before_open_and_close_twice(tmp_path) -> None:
    collector = TraceCollector(tmp_path)
    with pytest.raises(CollectorError, match="not open"):
        next(collector.batches(lambda: False))
    collector.close()
    collector.close()
