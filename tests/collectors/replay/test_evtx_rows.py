from __future__ import annotations

import json

from collectors.replay import evtx_rows
from pipeline import schema

TIME = "2024-01-02T03:04:05.1234567Z"


def record(provider: str, id_: object, data: dict, time: str = TIME) -> str:
    system = {
        "Provider": {"#attributes": {"Name": provider}},
        "EventID": id_,
        "Version": 2,
        "TimeCreated": {"#attributes": {"SystemTime": time}},
        "Computer": "PC",
        "Keywords": "0x0",
    }
    return json.dumps({"Event": {"System": system, "EventData": data}})


def rows(*texts: str):
    events: dict = {}
    for order, text in enumerate(texts):
        key, fields = evtx_rows.read(text)
        events.setdefault(key, []).append((order, fields))
    made = evtx_rows.Rows("b").batch(events)
    return [{k: v for k, v in r.items() if v is not None} for r in schema.conform(made, "activity").to_pylist()]


def test_an_id_in_each_of_its_forms():
    for id_ in (5, "5", {"#text": 5, "#attributes": {"Qualifiers": 0}}):
        assert evtx_rows.read(record("p", id_, {}))[0] == ("p", 5, 2)


def test_what_is_no_event_is_none():
    for text in (
        "",
        "[]",
        "{}",
        '{"Event": 1}',
        record("p", None, {}),
        record("p", 1, {}, time="yesterday"),
        record("p", 1, {}, time="2024-99-99T00:00:00Z"),
    ):
        assert evtx_rows.read(text) is None


def test_a_start_by_sysmon_and_one_by_the_security_log():
    sysmon = {
        "ProcessGuid": "{AB}",
        "ProcessId": 7,
        "Image": "C:\\a.exe",
        "CommandLine": "a -x",
        "ParentProcessGuid": "CD",
        "Hashes": "MD5=1,SHA256=" + "A" * 64,
        "User": "D\\u",
    }
    one, two = rows(
        record("Microsoft-Windows-Sysmon", 1, sysmon),
        record("Microsoft-Windows-Sysmon", 5, {"ProcessGuid": "ab", "ProcessId": "7"}),
    )
    assert (one["exe"], one["cmdline"], one["exe_sha256"], one["errno"], one["time_ns"]) == (
        "C:\\a.exe",
        "a -x",
        "a" * 64,
        0,
        1_704_164_645_123_456_700,
    )
    assert one["process_key"] == two["process_key"] != one["parent_key"]
    new = {"NewProcessId": "0x10", "ProcessId": "0x8", "NewProcessName": "C:\\b.exe", "SubjectUserName": "u"}
    parent, child, end = rows(
        record("Microsoft-Windows-Security-Auditing", 4688, {**new, "NewProcessId": "0x8", "ProcessId": "0x4"}),
        record("Microsoft-Windows-Security-Auditing", 4688, new), record("Microsoft-Windows-Security-Auditing", 4689, {"ProcessId": "0x10", "Status": "0xffffffff"}),
    )  # fmt: skip
    assert child["parent_key"] == parent["process_key"]
    assert (end["process_key"], end["exit_code"]) == (child["process_key"], -1)


def test_of_what_came_in_the_peer_is_the_source():
    data = {
        "Initiated": "false",
        "Protocol": "tcp",
        "SourceIp": "1.2.3.4",
        "SourcePort": 999,
        "DestinationIp": "0:0:0:0:0:ffff:a00:1",
        "DestinationPort": "22",
        "DestinationHostname": "me",
    }
    accepted, connected = rows(
        record("Microsoft-Windows-Sysmon", 3, data), record("Microsoft-Windows-Sysmon", 3, {**data, "Initiated": True})
    )
    assert (
        accepted["operation"],
        accepted["dst_ip"],
        accepted["dst_port"],
        accepted["src_ip"],
        accepted["src_port"],
        accepted.get("dst_name"),
    ) == ("net.accept", "1.2.3.4", 999, "10.0.0.1", 22, None)
    assert (connected["operation"], connected["dst_ip"], connected["dst_name"]) == ("net.connect", "10.0.0.1", "me")


def test_strange_values_are_null():
    (row,) = rows(
        record(
            "Microsoft-Windows-Sysmon",
            3,
            {
                "ProcessId": "many",
                "SourceIp": "here",
                "SourcePort": -5,
                "ProcessGuid": "{00000000-0000-0000-0000-000000000000}",
            },
        )
    )
    assert not {"pid", "src_ip", "src_port", "process_key"} & set(row)
