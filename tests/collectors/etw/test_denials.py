from __future__ import annotations

import struct

import pytest

from tests.etl_writer import GENERAL, event, sid, wide

BEHIND = struct.pack("<IIIII", 1, 0, 1, 7, 1) + struct.pack("<I", 7) + sid(32, 545) + bytes(40)
"""TokenType to the first group of the token; what stands behind is not read."""


def refused(kind, name, mask, mode="Normal"):
    return wide(mode) + wide(kind) + wide(name) + wide("agent.exe") + wide("") + struct.pack("<I", mask) + BEHIND


FILE = r"\Device\HarddiskVolume3\Users\a\.ssh\id_rsa"


@pytest.mark.parametrize(
    ("kind", "name", "mask", "operation", "path", "content"),
    [
        ("File", FILE, 0x120089, "file.read", r"C:\Users\a\.ssh\id_rsa", "File 0x120089"),
        ("File", FILE, 0x120116, "file.write", r"C:\Users\a\.ssh\id_rsa", "File 0x120116"),
        ("File", FILE, 0x110080, "file.delete", r"C:\Users\a\.ssh\id_rsa", "File 0x110080"),
        ("File", FILE, 0x100080, "file.open", r"C:\Users\a\.ssh\id_rsa", "File 0x100080"),
        ("File", FILE, 0x80000000, "file.read", r"C:\Users\a\.ssh\id_rsa", "File 0x80000000"),
        ("Key", r"\REGISTRY\MACHINE\SOFTWARE\x", 0x20006, "registry.set", r"HKLM\SOFTWARE\x", "Key 0x20006"),
        ("Key", r"\REGISTRY\USER\S-1-5-18\x", 0x4, "registry.create", r"HKU\S-1-5-18\x", "Key 0x4"),
        ("Key", r"\REGISTRY\MACHINE\x", 0x10000, "registry.delete", r"HKLM\x", "Key 0x10000"),
        ("Key", r"\REGISTRY\MACHINE\x", 0x20019, "object.access", r"HKLM\x", "Key 0x20019"),
        ("Section", r"\BaseNamedObjects\s", 0x4, "object.access", r"\BaseNamedObjects\s", "Section 0x4"),
        ("", "internetClient", 0x1, "object.access", "internetClient", "Capability 0x1"),
    ],
)
def test_what_was_asked_for_by_object_and_rights(decoded, kind, name, mask, operation, path, content):
    (row,) = decoded([event(GENERAL, 14, 0, refused(kind, name, mask), 1, pid=50)])
    assert (row["operation"], row["outcome"], row["pid"]) == (operation, "denied", 50)
    assert (row["path"], row["content"]) == (path, content)
    assert row["class"] == {"object": "kernel"}.get(operation.partition(".")[0], operation.partition(".")[0])


def test_what_learning_mode_let_pass_is_no_denial(decoded):
    (row,) = decoded([event(GENERAL, 14, 0, refused("File", FILE, 0x1, "Permissive"), 1)])
    assert (row["outcome"], row["content"]) == ("success", "File 0x1 permissive")


def test_an_event_that_is_cut_is_malformed_and_the_rest_read(decoded):
    whole = refused("File", FILE, 0x1)
    short = whole[: len(whole) - len(BEHIND) - 2]
    rows = decoded([event(GENERAL, 14, 0, short, 1), event(GENERAL, 14, 0, whole, 2)])
    assert [r["operation"] for r in rows] == ["file.read"]
    assert decoded.decoder.tally.malformed.total() == 1
