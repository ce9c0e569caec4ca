"""docs/schema.md says what pipeline.schema says, all of it, and is not stale."""

from __future__ import annotations

import re

import duckdb
import pytest

from pipeline import schema
from tools import generated, schema_docs

PAGE = schema_docs.render()


def test_page_in_the_tree_is_fresh():
    assert not generated.difference(generated.ROOT / "docs" / "schema.md", PAGE), "run: make docs"


@pytest.mark.parametrize("name", sorted(schema.TABLES))
def test_every_column_stands_in_the_section_of_its_table_once(name):
    section = PAGE.split(f"## Table `{name}`")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [c.name for c in schema.TABLES[name]]


def test_every_operation_and_selector_is_named():
    section = PAGE.split("## Operations")[1]
    assert all(f"| `{o.name}` |" in section for o in schema.OPERATIONS)
    assert all(f"`{s}`" in section for s in schema.SELECTORS)


def test_every_verdict_and_quality_flag_is_named():
    assert all(f"`{value}`" in PAGE for value in (*schema.VERDICTS, *schema.QUALITY, *schema.CLASSES))


@pytest.mark.parametrize(("arrow", "sql"), schema_docs.SQL_TYPE.items(), ids=str)
def test_type_is_named_as_duckdb_takes_it(arrow, sql):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        read = connection.sql(f"SELECT NULL::{sql} AS x").to_arrow_table()
    assert read.schema.field("x").type == arrow


def test_bar_in_a_cell_does_not_end_it():
    assert schema_docs.row("a|b", "c") == "| a\\|b | c |"
