from __future__ import annotations

from pipeline import schema
from pipeline.operations import OPERATION_BY_NAME, OPERATIONS


def test_operations_have_distinct_names_and_codes_and_a_known_class():
    assert len(schema.OPERATION_BY_NAME) == len(schema.OPERATION_BY_CODE) == len(schema.OPERATIONS)
    assert {o.activity_class for o in schema.OPERATIONS} <= set(schema.CLASSES)
    assert all(0 < o.code < 256 for o in schema.OPERATIONS), "a kernel record gives the operation one byte"


def test_a_description_tells_where_it_is_known():
    assert OPERATION_BY_NAME["registry.set"].described.endswith("(Windows only)")
    assert OPERATION_BY_NAME["fork"].described == OPERATION_BY_NAME["fork"].meaning


def test_the_schema_hands_them_out():
    assert schema.OPERATIONS is OPERATIONS
