"""What each format keeps to: one payload per row in order, no line breaks, nothing but text, unknown tables refused."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats import catalog
from pipeline.export.formats.interface import PAYLOAD, FormatError

FORMATS = {name: catalog.load(name) for name in catalog.NAMES}
PARTS = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("name", catalog.NAMES)
@PARTS
@given(data=st.data())
def test_any_row_becomes_one_line_of_text(any_rows, name, data):
    table = data.draw(st.sampled_from(sorted(schema.TABLES)))
    rows = data.draw(any_rows(table))
    made = FORMATS[name].encode(table, rows)
    assert made.type == PAYLOAD
    assert len(made) == rows.num_rows
    made.validate(full=True)
    for payload in made.to_pylist():
        assert (payload is None) == (table not in FORMATS[name].tables)
        if payload is not None:
            assert payload.splitlines() == [payload]
            assert "\x00" not in payload
            assert "\x1b" not in payload


@pytest.mark.parametrize("name", [n for n in catalog.NAMES if "json" in FORMATS[n].content_type])
@PARTS
@given(data=st.data())
def test_any_row_becomes_json_without_doubled_names(any_rows, name, data):
    table = data.draw(st.sampled_from(sorted(FORMATS[name].tables)))
    for payload in FORMATS[name].encode(table, data.draw(any_rows(table))).to_pylist():
        json.loads(payload, object_pairs_hook=once, parse_constant=refuse)


def once(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), names
    return dict(pairs)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize("name", catalog.NAMES)
def test_rows_alone_decide_whatever_stands_beside_them(every_act, name):
    some = every_act.slice(0, 400)
    whole = FORMATS[name].encode("activity", some).to_pylist()
    alone = [FORMATS[name].encode("activity", some.slice(i, 1))[0].as_py() for i in range(0, 400, 23)]
    assert alone == whole[::23]


@pytest.mark.parametrize("name", catalog.NAMES)
def test_dictionaries_and_chunks_make_no_difference(every_act, name):
    encoded = [every_act.slice(i, 300) for i in (0, 300)]
    encoded = pa.concat_tables([part.cast(schema_of(part)) for part in encoded])
    wanted = FORMATS[name].encode("activity", every_act.slice(0, 600))
    assert FORMATS[name].encode("activity", encoded).equals(wanted)


def schema_of(part):
    dictionary = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(f.name, dictionary if f.type == pa.string() else f.type) for f in part.schema])


@pytest.mark.parametrize("name", catalog.NAMES)
def test_no_row_no_payload_and_foreign_columns_are_left_out(name):
    form = FORMATS[name]
    assert len(form.encode("activity", pa.table({"host": pa.array([], pa.string())}))) == 0
    foreign = form.encode("activity", pa.table({"host": ["h"], "salary": [1]}))
    assert foreign.equals(form.encode("activity", pa.table({"host": ["h"]})))
    assert len(form.encode("activity", pa.table({"salary": [1, 2]}))) == 2


@pytest.mark.parametrize("name", catalog.NAMES)
def test_unknown_table_is_refused_with_those_that_there_are(name):
    with pytest.raises(FormatError, match=r"no table 'nonsense': choose one of activity, runs"):
        FORMATS[name].encode("nonsense", pa.table({"host": ["h"]}))


def test_tables_without_events_give_null_for_each_row():
    made = FORMATS["ocsf"].encode("processes", pa.table({"host": ["h", "i"]}))
    assert made.null_count == 2
