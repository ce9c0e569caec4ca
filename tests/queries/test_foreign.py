"""Other products' tables are read from their files, and a view of few columns is made whole."""

from __future__ import annotations

from fnmatch import fnmatchcase

import duckdb
import pytest

from queries import foreign
from queries.foreign import columns, completed, schema


def test_a_column_without_a_type_is_text():
    assert columns("A B:long\nC:datetime") == {"A": "VARCHAR", "B": "BIGINT", "C": "TIMESTAMPTZ"}


def test_a_type_that_nobody_knows_is_an_error():
    with pytest.raises(KeyError, match="decimal"):
        columns("A:decimal")


@pytest.mark.parametrize("kind", foreign.SQL_TYPES.values())
def test_every_type_is_one_of_duckdb(kind):
    with duckdb.connect() as connection:
        assert connection.sql(f"SELECT CAST(NULL AS {kind}) AS x").fetchall() == [(None,)]


def test_a_view_is_made_whole_in_order_and_with_types():
    sql = completed({"A": "VARCHAR", "b": "BIGINT", "C": "JSON"}, {"b"}, "SELECT 7 AS b, 8 AS stray")
    with duckdb.connect() as connection:
        found = connection.sql(sql)
        assert list(zip(found.columns, map(str, found.types), strict=True)) == [
            ("A", "VARCHAR"),
            ("b", "BIGINT"),
            ("C", "JSON"),
        ]
        assert found.fetchall() == [(None, 7, None)]


@pytest.mark.parametrize("name", [p.stem for p in foreign.SCHEMAS.glob("*.toml")])
def test_no_table_has_two_columns_that_differ_in_case_only(name):
    for table in schema(name).tables.values():
        assert len({c.lower() for c in table}) == len(table)


@pytest.mark.parametrize("name", [p.stem for p in foreign.SCHEMAS.glob("*.toml")])
def test_every_meaning_and_every_reason_is_of_use(name):
    known = schema(name)
    names = {c for table in known.tables.values() for c in table}
    assert set(known.meanings) - names == set()
    assert [p for p in known.unknown if not any(fnmatchcase(c, p) for c in names)] == []


def test_a_column_that_nobody_gave_a_reason_for_is_an_error():
    with pytest.raises(KeyError):
        schema("purview").reason("NoSuchColumn")


def test_the_first_pattern_that_fits_gives_the_reason():
    assert schema("defender").reason("InitiatingProcessSHA256") != schema("defender").reason("SHA256")
