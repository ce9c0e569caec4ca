"""The vocabulary: its types read alike in every engine, its tables agree, sparse batches become full rows."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema

IN_DUCKDB = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}
"""Every type that a column may have. Unsigned integers are refused by Delta and Spark, nanoseconds are cut or unreadable."""

SAMPLE = {
    pa.string(): ["größe\n'x'", None],
    pa.int32(): [-(2**31), 2**31 - 1],
    pa.int64(): [-(2**63), 2**63 - 1],
    pa.float64(): [0.25, None],
    pa.timestamp("us", tz="UTC"): [1_790_000_000_000_001, None],
}
"""Two values of each type that an engine with a narrower one would change."""

TWO_MEANINGS = {"mode": "permission bits of a file in activity; enforce, audit or none in runs"}
"""Names that stand for different things in two tables, so that a join by name would be wrong."""

TABLES = sorted(schema.TABLES)
COLUMNS = [(table, column) for table in TABLES for column in schema.TABLES[table]]


def test_types_read_alike_in_every_engine():
    assert [f"{t}.{c.name}: {c.type}" for t, c in COLUMNS if c.type not in IN_DUCKDB] == []


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_reads_back_what_parquet_holds(table, tmp_path):
    fields = schema.lake_schema(table)
    rows = pa.Table.from_arrays([pa.array(SAMPLE[f.type], f.type) for f in fields], schema=fields)
    pq.write_table(rows, tmp_path / "rows.parquet")
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(tmp_path / "rows.parquet"))
        read = relation.to_arrow_table()
        assert [str(t) for t in relation.types] == [IN_DUCKDB[f.type] for f in fields]
    for name in fields.names:
        assert read.column(name).cast(fields.field(name).type).equals(rows.column(name)), name


@pytest.mark.parametrize("table", TABLES)
def test_names_are_unique_and_plain(table):
    names = [c.name for c in schema.TABLES[table]]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", n) for n in names)


def test_every_column_says_where_it_comes_from_and_what_it_means():
    assert [f"{t}.{c.name}" for t, c in COLUMNS if not (c.group and c.source and c.meaning)] == []


def test_a_name_has_one_type_in_all_tables():
    types = {name: {c.type for _, c in COLUMNS if c.name == name} for name in {c.name for _, c in COLUMNS}}
    assert {name for name, found in types.items() if len(found) > 1} == set(TWO_MEANINGS)


@pytest.mark.parametrize("table", TABLES)
def test_memory_types_differ_from_lake_types_in_strings_alone(table):
    for lake, memory in zip(schema.lake_schema(table), schema.memory_schema(table), strict=True):
        assert lake.name == memory.name
        assert memory.type == (schema.DICTIONARY if pa.types.is_string(lake.type) else lake.type)
        assert lake.nullable
        assert memory.nullable


def test_lake_type_is_the_column_s_own():
    assert all(schema.lake_type(table, column.name) == column.type for table, column in COLUMNS)


def test_every_intent_leads_to_a_selector():
    assert set(schema.INTENT_SELECTORS) == set(schema.INTENTS)
    assert set(schema.INTENT_SELECTORS.values()) <= set(schema.SELECTORS)


def test_batch_keeps_schema_order_and_leaves_absent_columns_out():
    made = schema.batch(
        "activity",
        {"pid": pa.array([1, 2], pa.int32()), "time_ns": pa.array([5, 6], pa.int64())},
    )
    assert made.schema.names == ["time_ns", "pid"]
    assert made.num_rows == 2


def test_batch_takes_strings_plain_and_dictionary_encoded():
    plain = pa.array(["a", "a", None])
    for array in (plain, plain.dictionary_encode()):
        made = schema.batch("activity", {"exe": array})
        assert schema.conform(made, "activity").column("exe").to_pylist() == ["a", "a", None]


def test_batch_refuses_unknown_column_and_wrong_type():
    with pytest.raises(KeyError):
        schema.batch("activity", {"pidd": pa.array([1], pa.int32())})
    with pytest.raises(TypeError, match=r"activity\.pid: int64, want int32"):
        schema.batch("activity", {"pid": pa.array([1], pa.int64())})


@pytest.mark.parametrize("table", TABLES)
def test_conform_of_nothing_is_the_empty_table(table):
    empty = schema.conform(schema.batch(table, {}), table)
    assert empty.num_rows == 0
    assert empty.schema == schema.lake_schema(table)


values = st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=1, max_size=8)


@given(strings=values, wide=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=8, max_size=8))
def test_conform_keeps_every_value_and_fills_the_rest_with_null(strings, wide):
    keys = wide[: len(strings)]
    part = schema.batch(
        "activity",
        {"path": pa.array(strings, pa.string()).dictionary_encode(), "process_key": pa.array(keys, pa.int64())},
    )
    full = schema.conform(part, "activity")
    assert full.schema == schema.lake_schema("activity")
    assert full.column("path").to_pylist() == strings
    assert full.column("process_key").to_pylist() == keys
    rest = [c for c in full.schema.names if c not in {"path", "process_key"}]
    assert all(full.column(c).null_count == len(strings) for c in rest)


def test_conform_takes_what_it_gave():
    once = schema.conform(schema.batch("runs", {"run": pa.array(["r"])}), "runs")
    assert schema.conform(once, "runs").equals(once)


@given(st.sets(st.sampled_from(schema.QUALITY)))
def test_flag_text_names_exactly_the_set_bits(names):
    bits = sum(1 << schema.QUALITY.index(n) for n in names)
    text = schema.flag_text(schema.QUALITY, bits)
    assert set((text or "").split(",")) - {""} == names
    assert (text is None) == (not names)


@given(st.lists(st.sampled_from(schema.VERDICTS), min_size=1))
def test_stronger_is_the_one_furthest_down_the_ladder(verdicts):
    assert schema.VERDICTS.index(schema.stronger(verdicts)) == max(map(schema.VERDICTS.index, verdicts))


def test_stronger_refuses_what_is_no_verdict():
    for wrong in (["allow", "permit"], []):
        with pytest.raises(ValueError, match=r"not in tuple|empty"):
            schema.stronger(wrong)
