from __future__ import annotations

import pytest

from collectors.replay.evtx_events import EVENTS, SECURITY, SYSMON, failed, made, number
from pipeline import schema


def test_every_operation_and_column_is_of_the_schema():
    columns = {c.name for c in schema.ACTIVITY}
    for key, mapped in EVENTS.items():
        assert set(mapped.columns) <= columns, key
        if isinstance(mapped.operation, str):
            assert mapped.operation in schema.OPERATION_BY_NAME, key


@pytest.mark.parametrize(
    ("key", "fields", "operation"),
    [
        ((SYSMON, 12), {"EventType": "DeleteValue"}, "registry.delete"), ((SYSMON, 12), {"EventType": "?"}, None),
        ((SYSMON, 3), {"Initiated": False}, "net.accept"), ((SYSMON, 3), {"Initiated": "true"}, "net.connect"),
        ((SECURITY, 4663), {"ObjectType": "File", "AccessMask": "0x10000"}, "file.delete"),
        ((SECURITY, 4663), {"ObjectType": "File", "AccessMask": "0x1"}, "file.read"),
        ((SECURITY, 4663), {"ObjectType": "Process", "AccessMask": "0x1"}, None),
        ((SECURITY, 4656), {"ObjectType": "File", "AccessMask": "0x6"}, None),
        ((SECURITY, 4656), {"ObjectType": "File", "AccessMask": "0x6", "HeaderKeywords": "0x8010000000000000"}, "file.write"),
        ((SECURITY, 5156), {"Direction": "%%14592"}, "net.accept"), ((SECURITY, 4657), {"OperationType": "%%1906"}, "registry.delete"),
    ],
)  # fmt: skip
def test_operations_that_fields_tell(key, fields, operation):
    assert EVENTS[key].operation(fields) == operation


def test_fields_that_are_put_together():
    fields = made(
        {
            "SubjectUserName": "a",
            "SubjectDomainName": "D",
            "TargetUserName": "-",
            "ObjectName": "K",
            "ObjectValueName": "v",
            "PipeName": "\\p",
            "Protocol": 6,
        }
    )
    assert (fields["Subject"], fields["Owner"], fields["Value"], fields["Pipe"], fields["Protocol"]) == (
        "D\\a",
        "D\\a",
        "K\\v",
        "\\\\.\\pipe\\p",
        "tcp",
    )


def test_numbers_as_events_write_them():
    assert [number(v) for v in (5, "0x10", "7", "x", None, True)] == [5, 16, 7, None, None, None]
    assert not failed({"HeaderKeywords": "0x8020000000000000"})
