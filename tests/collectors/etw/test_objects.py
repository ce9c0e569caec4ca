from __future__ import annotations

import struct

from tests.etl_writer import AMSI, AUDIT, DNS, GROUP_IMAGE, POWERSHELL, REGISTRY, event, system, wide


def test_answers_of_the_resolver(decoded):
    body = wide("api.example.com.") + struct.pack("<IQI", 1, 0, 0) + wide("type: 5 a.example;1.2.3.4;")
    refused = wide("no.example") + struct.pack("<IQI", 1, 0, 9003) + wide("") + struct.pack("<I", 77)
    rows = decoded([event(DNS, 3008, 0, body, 1, pid=50), event(DNS, 3018, 1, refused, 2, pid=1)])
    assert [(r["pid"], r["dst_name"], r["outcome"], r.get("content")) for r in rows] == [
        (50, "api.example.com", "success", "type: 5 a.example;1.2.3.4;"),
        (77, "no.example", "failure", None),
    ]


def test_registry_keys_are_known_by_their_objects(decoded):
    opened = struct.pack("<QQII", 0, 5, 0, 2) + wide("") + wide("\\REGISTRY\\MACHINE\\SOFTWARE")
    created = struct.pack("<QQII", 5, 6, 0, 1) + wide("") + wide("Run")
    data = "evil.exe\0".encode("utf-16-le")
    value = (
        struct.pack("<QIII", 6, 0, 1, len(data))
        + wide("")
        + wide("Start")
        + struct.pack("<H", len(data))
        + data
        + bytes(10)
    )
    gone = struct.pack("<QI", 6, 0xC0000022) + wide("\\REGISTRY\\USER\\S-1-5-18\\x") + wide("v")
    rows = decoded(
        [event(REGISTRY, 2, 0, opened, 1), event(REGISTRY, 1, 0, created, 2)],
        [
            event(REGISTRY, 5, 0, value, 3),
            event(REGISTRY, 6, 0, gone, 4),
            event(REGISTRY, 3, 0, struct.pack("<QI", 99, 0) + wide(""), 5),
        ],
    )
    assert [(r["operation"], r.get("path"), r["outcome"], r.get("content"), r.get("quality")) for r in rows] == [
        ("registry.create", "HKLM\\SOFTWARE\\Run", "success", None, None), ("registry.set", "HKLM\\SOFTWARE\\Run\\Start", "success", "evil.exe", None),
        ("registry.delete", "HKU\\S-1-5-18\\x\\v", "denied", None, None), ("registry.delete", None, "success", None, "unresolved"),
    ]  # fmt: skip


def test_scripts_have_their_text(decoded):
    text = "Get-Secret\r\n\0x".encode("utf-16-le")
    scan = (
        struct.pack("<QBI", 1, 1, 32768)
        + wide("PowerShell")
        + wide("C:\\a.ps1")
        + struct.pack("<II", len(text), len(text))
        + text
        + bytes(36)
    )
    block = struct.pack("<ii", 1, 1) + wide("Write-Host é") + wide("id") + wide("")
    rows = decoded([event(AMSI, 1101, 0, scan, 1, pid=9), event(POWERSHELL, 4104, 1, block, 2, pid=9)])
    assert [(r["operation"], r["outcome"], r.get("path"), r["content"]) for r in rows] == [
        ("script.run", "denied", "C:\\a.ps1", "Get-Secret\r\n\ufffdx"),
        ("script.run", "success", None, "Write-Host é"),
    ]


def test_who_opened_or_ended_whom(decoded):
    rows = decoded(
        [
            event(AUDIT, 5, 0, struct.pack("<III", 800, 0x1FFFFF, 0), 1, pid=7),
            event(AUDIT, 2, 1, struct.pack("<IIQq", 800, 0, 1, 2), 2, pid=7),
        ]
    )
    assert [(r["operation"], r["pid"], r["child_pid"], r.get("content")) for r in rows] == [
        ("process.access", 7, 800, "0x1fffff"),
        ("process.kill", 7, 800, None),
    ]


def test_images_of_the_kernels_own_class(decoded):
    fields = struct.pack("<QQIIIIQIIII", 1, 2, 321, 0, 0, 0, 0, 0, 0, 0, 0) + wide("\\Device\\HarddiskVolume3\\x.dll")
    (row,) = decoded([system(GROUP_IMAGE, 10, 3, fields, 1)])
    assert (row["operation"], row["pid"], row["path"]) == ("image.load", 321, "C:\\x.dll")
