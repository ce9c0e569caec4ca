"""Process trees, command lines and connections of two real logs, field by field against another reader of the format.

python-evtx is written in Python by others, the reader in the product in Rust; they share no code. What a process tree
is, is computed here from that reader's XML alone.
"""

from __future__ import annotations

import ipaddress
from xml.etree import ElementTree as ET

import pytest
from Evtx.Evtx import Evtx

from collectors.replay.evtx import EvtxCollector
from pipeline import schema
from tests.corpus import corpus

LOGS = ("exec_persist_rundll32_mshta_scheduledtask_sysmon_1_3_11.evtx", "smbmap_upload_exec_sysmon.evtx")
SPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"


def theirs(path):
    """Event id and fields of each record."""
    with Evtx(str(path)) as log:
        for record in log.records():
            tree = ET.fromstring(record.xml())
            fields = {data.get("Name"): data.text or "" for data in tree.iter(f"{SPACE}Data")}
            yield int(tree.findtext(f"{SPACE}System/{SPACE}EventID")), fields


def ours(path):
    collector = EvtxCollector(path)
    collector.open()
    rows = [r for b in collector.batches(lambda: False) for r in schema.conform(b, "activity").to_pylist()]
    collector.close()
    return rows


@pytest.fixture(params=LOGS)
def both(request):
    path = corpus("windows", "evtx", "attack-samples", request.param)
    return list(theirs(path)), ours(path)


def test_processes_and_command_lines(both):
    records, rows = both
    expected = sorted(
        (int(f["ProcessId"]), f["Image"], f["CommandLine"], f["User"], f["CurrentDirectory"], f["ParentImage"])
        for i, f in records
        if i == 1
    )
    found = sorted(
        (r["pid"], r["exe"], r["cmdline"], r["user"], r["cwd"], r["parent_exe"])
        for r in rows
        if r["operation"] == "exec"
    )
    assert found == expected
    assert expected


def test_the_tree(both):
    """Keys stand for GUIDs one to one, and lead from each process to the same parent."""
    records, rows = both
    pairs = [(f["ProcessGuid"], f["ParentProcessGuid"]) for i, f in records if i == 1]
    keys = [(r["process_key"], r["parent_key"]) for r in rows if r["operation"] == "exec"]
    meaning = dict(zip((g for pair in pairs for g in pair), (k for pair in keys for k in pair), strict=True))
    assert [(meaning[a], meaning[b]) for a, b in pairs] == keys
    assert len(set(meaning.values())) == len(meaning)
    acting = [f["ProcessGuid"] for i, f in records if i == 3 and f["ProcessGuid"] in meaning]
    assert sorted(meaning[g] for g in acting) == sorted(
        r["process_key"] for r in rows if r["operation"].startswith("net.") and r["process_key"] in meaning.values()
    )


def test_connections(both):
    def plain(address: str) -> str:
        return str(ipaddress.ip_address(address))

    records, rows = both
    expected = sorted(
        (f["Initiated"].lower(), f["Image"], f["Protocol"], plain(f["SourceIp"]), int(f["SourcePort"]), plain(f["DestinationIp"]), int(f["DestinationPort"]))
        for i, f in records if i == 3
    )  # fmt: skip
    ends = {"net.connect": ("true", "src", "dst"), "net.accept": ("false", "dst", "src")}
    found = sorted(
        (ends[r["operation"]][0], r["exe"], r["protocol"], *(r[f"{end}_{part}"] for end in ends[r["operation"]][1:] for part in ("ip", "port")))
        for r in rows if r["operation"] in ends
    )  # fmt: skip
    assert found == expected
    assert expected


def test_files_and_registry(both):
    records, rows = both
    expected = sorted(
        [f["TargetFilename"] for i, f in records if i == 11] + [f["TargetObject"] for i, f in records if i in (12, 13)]
    )
    assert sorted(r["path"] for r in rows if r["class"] in ("file", "registry")) == expected
