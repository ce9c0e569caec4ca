"""Every field of every category can be read from a row, and operations are those of the schema."""

import duckdb
import pytest

from pipeline.schema import OPERATION_BY_NAME, lake_schema
from pipeline.sigma.events import events_query, prepared, programs_query
from pipeline.sigma.fields import CATEGORIES, FINE, PRODUCTS, blind, spelled


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("product", PRODUCTS)
def test_every_field_is_read_from_columns_of_the_schema(product, category):
    known = CATEGORIES[category]
    assert set(known.operations) <= OPERATION_BY_NAME.keys()
    if not known.operations:
        return
    with duckdb.connect() as connection:
        connection.register("rows", prepared(lake_schema("activity").empty_table()))
        connection.execute(f"CREATE TABLE programs AS {programs_query('rows', None, ())}")
        found = connection.sql(events_query(product, category, list(known.fields), extra=False))
        assert found.columns == ["row", *known.fields]
        assert {str(t) for t in found.types[1:]} == {"VARCHAR"}


def test_a_field_is_spelled_as_the_taxonomy_has_it():
    assert [spelled(n) for n in ("commandline", "IMAGE", "targetfilename", "Own")] == [
        "CommandLine",
        "Image",
        "TargetFilename",
        "Own",
    ]
    assert {spelled(n.upper()) for n in FINE} == FINE


def test_blind_are_fields_that_no_column_gives():
    assert blind("process_creation", frozenset({"Image", "OriginalFileName", "LogonId", "*"})) == (
        "LogonId",
        "OriginalFileName",
    )
