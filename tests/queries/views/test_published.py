"""Views of other products' tables have exactly the published columns, in order and with the published types."""

from __future__ import annotations

import json
import re

import pytest

from queries import catalog
from tests.corpus import corpus

PRODUCTS = {"defender": "defender_advanced_hunting_tables.json", "asim": "sentinel_asim_and_ai_tables.json"}
VIEWS = {q.name: q for q in catalog.load() if q.schema.partition(".")[0] in PRODUCTS}
SQL_TYPES = {"string": "VARCHAR", "datetime": "TIMESTAMP WITH TIME ZONE", "long": "BIGINT", "int": "INTEGER", "bool": "BOOLEAN",
             "boolean": "BOOLEAN", "real": "DOUBLE", "dynamic": "JSON", "guid": "VARCHAR"}  # fmt: skip
AUDIT_RECORD = {
    "Id": "VARCHAR", "RecordType": "INTEGER", "CreationTime": "TIMESTAMP WITH TIME ZONE", "Operation": "VARCHAR", "OrganizationId": "VARCHAR",
    "UserType": "INTEGER", "UserKey": "VARCHAR", "Workload": "VARCHAR", "ResultStatus": "VARCHAR", "ObjectId": "VARCHAR",
    "UserId": "VARCHAR", "ClientIP": "VARCHAR", "Scope": "INTEGER", "AppAccessContext": "JSON",
}  # fmt: skip
"""The common schema of the Office 365 Management Activity API, version of 2026-06; Edm.Guid is text here."""


def described(lake, name):
    return {r["column_name"]: r["column_type"] for r in lake.query(f'DESCRIBE SELECT * FROM "{name}"').to_pylist()}


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_columns_order_and_types_are_the_published_ones(by_hand, name):
    published = json.loads(corpus("views", "microsoft", PRODUCTS[VIEWS[name].schema.partition(".")[0]]).read_text())[
        name
    ]
    want: dict[str, str] = {}
    for column, kind in published.items():
        if column.lower() not in {c.lower() for c in want}:  # LogonId and LogonID are one name in SQL
            want[column] = SQL_TYPES[kind]
    assert list(described(by_hand, name).items()) == list(want.items())


def test_the_audit_record_comes_first_in_the_audit_log(by_hand):
    have = described(by_hand, "UnifiedAuditLog")
    assert list(have.items())[: len(AUDIT_RECORD)] == list(AUDIT_RECORD.items())
    assert have["AuditData"] == "JSON"


def test_no_record_type_of_microsoft_is_used_for_something_else(by_hand):
    theirs = {t["value"] for t in json.loads(corpus("views", "microsoft", "o365_audit_record_types.json").read_text())}
    ours = set(by_hand.query("SELECT DISTINCT RecordType FROM UnifiedAuditLog")["RecordType"].to_pylist())
    assert len(ours) > 5
    assert not ours & theirs


def test_records_of_tool_calls_have_the_fields_of_copilot_event_data(by_hand):
    text = corpus("views", "microsoft", "copilot-schema.md").read_text()
    declared = {
        name: re.findall(r'<Property Name="(\w+)"', body)
        for name, body in re.findall(
            r'<(?:Complex|Entity)Type Name="(\w+)"[^>]*>(.*?)</(?:Complex|Entity)Type>', text, re.DOTALL
        )
    }
    [record] = by_hand.query("SELECT AuditData FROM UnifiedAuditLog WHERE Operation = 'AIExecuteTool'").to_pylist()
    event = json.loads(record["AuditData"])["CopilotEventData"]
    assert set(event) == set(declared["EventData"])
    for resource in event["AccessedResources"]:
        assert set(declared["SensitivityLabelIdData"]) <= set(resource) | {"SensitivityLabelId", "listItemUniqueId"}
        assert set(resource) <= {*declared["SensitivityLabelIdData"], "PolicyDetails", "Status"}
