from __future__ import annotations

import csv
import re

import pytest

from collectors.etw import tables
from collectors.etw.decoder import _SINGLE
from collectors.etw.layouts import compiled
from tests.corpus import corpus

_SAME = {"u32": {"UInt32", "HexInt32"}, "u16": {"UInt16"}, "u64": {"UInt64", "HexInt64"}, "u8": {"UInt8"}, "i32": {"Int32"}, "ptr": {"Pointer"}, "ft": {"FILETIME"}, "wstr": {"UnicodeString"}, "astr": {"AnsiString"}, "sid": {"SID"}, "ip4": {"UInt32"}, "ip6": {"Binary"}, "be16": {"UInt16"}, "bin": {"Binary"}, "wbin": {"Binary"}}  # fmt: skip


def test_every_layout_compiles_for_both_sizes_of_pointers():
    for event in tables.EVENTS:
        assert compiled(event.fields, 4)
        assert compiled(event.fields, 8)


def test_no_event_stands_twice():
    keys = [(e.provider, e.id, e.version) for e in tables.EVENTS]
    assert len(keys) == len(set(keys))


def test_a_newer_version_is_read_only_of_providers_that_append():
    assert tables.event("Microsoft-Windows-Kernel-Network", 12, 9).version == 0
    assert tables.event("Microsoft-Windows-Kernel-Process", 1, 9) is None
    assert tables.event("Microsoft-Windows-Kernel-File", 12, 7) is None
    assert tables.event("nobody", 1, 0) is None


def test_field_lists_are_those_of_the_published_manifests():
    """Type by type against lists that others took from Windows; ours may end early, never differ."""
    checked = 0
    # Kernel-General's list is not among them: its manifest stands with others' (repnz/etw-providers-docs, Windows 10 17134).
    manifests = {e.provider for e in tables.EVENTS} - {"Microsoft-Windows-Kernel-General"}
    for name in sorted(m for m in manifests if not m.startswith("SystemTrace")):
        path = corpus("windows", "schema", "jdu2600", f"{name}.tsv")
        with path.open(encoding="utf-8") as file:
            known = {
                (int(r["event_id"]), int(r["version"])): r["event(fields)"]
                for r in csv.DictReader(file, delimiter="\t")
            }
        for event in (e for e in tables.EVENTS if e.provider == name):
            if (event.id, event.version) not in known:
                continue
            theirs = re.findall(
                r"(\w+) \w+(?=[,)])", known[event.id, event.version][known[event.id, event.version].rindex("(") :]
            )
            ours = [part.split()[0].partition(":")[0] for part in event.fields.split(", ")]
            wrong = [(o, t) for o, t in zip(ours, theirs, strict=False) if t not in _SAME[o]]
            assert not wrong, (event, theirs)
            assert len(ours) <= len(theirs), event
            checked += 1
    assert checked > 60


@pytest.mark.parametrize("role", sorted({e.role for e in tables.EVENTS if e.role}))
def test_every_role_has_a_reader(role):
    assert role in {
        *_SINGLE,
        "start",
        "stop",
        "rundown",
        "name",
        "open",
        "move",
        "path",
        "end",
        "key",
        "registry",
        "volume",
    }
