"""What views say of sample traces, against the rows of the traces themselves, joined in Python."""

from __future__ import annotations

import json
import stat

import pytest

WRITES = {"file.create", "file.write", "file.truncate", "file.delete", "file.rename", "file.link", "file.symlink"}
ACTION = {"file.create": "FileCreated", "file.link": "FileCreated", "file.symlink": "FileCreated", "file.write": "FileModified",
          "file.truncate": "FileModified", "file.rename": "FileRenamed", "file.delete": "FileDeleted"}  # fmt: skip
ASIM = ACTION | {
    "file.read": "FileAccessed",
    "file.open": "FileAccessed",
    "file.mkdir": "FolderCreated",
    "file.chmod": "FileModified",
}


def got(sample, sql):
    return sample.lake.query(sql).to_pylist()


def base(path):
    return None if path is None else path.rsplit("/", 1)[-1]


def births(sample):
    return {r["child_key"]: r for r in sample.rows if r["operation"] == "fork"}


def regular(row):
    mode = row.get("mode")
    return mode is None or stat.S_IFMT(mode) in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}


def test_every_program_that_started_is_a_process_event_with_its_creator(sample):
    born = births(sample)
    want = []
    for r in sample.rows:
        if r["operation"] != "exec" or r["outcome"] != "success":
            continue
        birth = born.get(r["process_key"], {})
        older = born.get(birth.get("process_key"), {})
        want.append((
            r["time"], r["pid"], r["cmdline"], r["exe"], base(r["exe"]), str(r["process_key"]), birth.get("time"), birth.get("pid"),
            birth.get("cmdline"), base(birth.get("exe")), str(birth["process_key"]) if birth else str(r["parent_key"]) if r["parent_key"] else None,
            older.get("pid"),
        ))  # fmt: skip
    rows = got(
        sample,
        """SELECT Timestamp, ProcessId, ProcessCommandLine, FolderPath, FileName, ProcessUniqueId, ProcessCreationTime,
        InitiatingProcessId, InitiatingProcessCommandLine, InitiatingProcessFileName, InitiatingProcessUniqueId, InitiatingProcessParentId
        FROM DeviceProcessEvents""",
    )
    assert len(want) > 10
    assert sorted(map(repr, (tuple(r.values()) for r in rows))) == sorted(map(repr, want))


def test_every_file_that_changed_is_a_file_event_of_the_process_that_did_it(sample):
    born = births(sample)
    want = [
        (r["time"], ACTION[r["operation"]], r.get("path_to") or r["path"], r["pid"], r["exe"], r["cmdline"],
         born.get(r["process_key"], {}).get("time"), born.get(r["process_key"], {}).get("pid"))
        for r in sample.rows if r["operation"] in WRITES and r["outcome"] == "success" and regular(r)
    ]  # fmt: skip
    rows = got(
        sample,
        """SELECT Timestamp, ActionType, FolderPath, InitiatingProcessId, InitiatingProcessFolderPath,
        InitiatingProcessCommandLine, InitiatingProcessCreationTime, InitiatingProcessParentId FROM DeviceFileEvents""",
    )
    assert want
    assert sorted(map(repr, (tuple(r.values()) for r in rows))) == sorted(map(repr, want))


def test_every_file_operation_is_one_row_of_asim(sample):
    want = [(r["time"], ASIM[r["operation"]], "Success" if r["outcome"] == "success" else "Failure", r.get("path_to") or r["path"])
            for r in sample.rows if r["class"] == "file"]  # fmt: skip
    rows = got(sample, "SELECT TimeGenerated, EventType, EventResult, TargetFilePath FROM ASimFileEventLogs")
    assert sorted(map(repr, (tuple(r.values()) for r in rows))) == sorted(map(repr, want))


def test_every_start_and_end_of_a_program_is_one_row_of_asim(sample):
    kinds = {"exec": "ProcessCreated", "exit": "ProcessTerminated"}
    want = [
        (kinds[r["operation"]], str(r["pid"]), r["exe"], r["outcome"] == "success")
        for r in sample.rows
        if r["operation"] in kinds
    ]
    rows = got(
        sample,
        "SELECT EventType, TargetProcessId, TargetProcessName, EventResult = 'Success' AS ok FROM ASimProcessEventLogs",
    )
    assert sorted(map(repr, (tuple(r.values()) for r in rows))) == sorted(map(repr, want))


def test_connections_are_those_of_the_trace_with_addresses(sample):
    want = [(r["dst_ip"], r["dst_port"], "ConnectionSuccess" if r["outcome"] == "success" else "ConnectionFailed", r["pid"])
            for r in sample.rows if r["operation"] in {"net.connect", "net.send"} and r["protocol"] != "unix"]  # fmt: skip
    rows = got(sample, "SELECT RemoteIP, RemotePort, ActionType, InitiatingProcessId FROM DeviceNetworkEvents")
    assert sorted(map(repr, (tuple(r.values()) for r in rows))) == sorted(map(repr, want))
    sessions = got(sample, "SELECT DstIpAddr, DstPortNumber, SrcAppId FROM ASimNetworkSessionLogs")
    assert sorted(repr((*r.values(),)) for r in sessions) == sorted(
        repr((ip, port, str(pid))) for ip, port, _, pid in want
    )


@pytest.mark.parametrize("view", ["activity_in_context", "activity_with_descent", "activity_explorer"])
def test_joins_neither_lose_nor_double_a_row(sample, view):
    identity = "id" if view == "activity_explorer" else "event_id"
    rows = got(sample, f"SELECT count(*) AS n, count(DISTINCT {identity}) AS ids FROM {view}")
    assert rows == [{"n": len(sample.rows), "ids": len(sample.rows)}]


def test_the_audit_log_has_every_row_run_tool_call_and_finding_once(sample):
    [counts] = got(
        sample,
        """SELECT count(*) FILTER (RecordType < 10008) AS events, count(*) FILTER (Operation = 'AIInvokeAgent') AS runs,
        count(*) FILTER (Operation = 'AIExecuteTool') AS tools, count(*) AS n, count(DISTINCT Id) AS ids,
        count(*) FILTER (json_valid(AuditData)) AS valid FROM UnifiedAuditLog""",
    )
    tools = len({r["tool_call"] for r in sample.rows if r.get("tool_call")})
    [found] = got(sample, "SELECT count(DISTINCT id) AS n FROM findings")
    n = len(sample.rows) + 1 + tools + found["n"]
    assert counts == {"events": len(sample.rows), "runs": 1, "tools": tools, "n": n, "ids": n, "valid": n}


def test_secrets_are_found_by_path_and_denials_are_not_called_reads(sample):
    keys = [r for r in sample.rows if r["class"] == "file" and (r.get("path") or "").endswith("/.ssh/id_ed25519")]
    rows = got(
        sample, "SELECT time, got, kind FROM sensitive_access WHERE because = 'place' AND path LIKE '%/.ssh/id_ed25519'"
    )
    assert sorted((r["time"], r["got"]) for r in rows) == sorted((r["time"], r["outcome"] == "success") for r in keys)
    assert {r["kind"] for r in rows} <= {"SSH key"}
    read = got(
        sample,
        "SELECT Timestamp FROM DeviceEvents WHERE ActionType = 'SensitiveFileRead' AND FolderPath LIKE '%/.ssh/id_ed25519'",
    )
    assert {r["Timestamp"] for r in read} == {
        r["time"] for r in keys if r["outcome"] == "success" and r["operation"] == "file.read"
    }


def test_facts_say_what_the_trace_says(sample):
    rows = got(sample, "SELECT time_ns, cpu, class, seq, facts FROM activity_in_context")
    by_id = {(r["cpu"], r["class"], r["seq"]): json.loads(r["facts"]) for r in rows}
    for r in sample.rows:
        facts = by_id[r["cpu"], r["class"], r["seq"]]
        assert (facts["Operation"], facts["Outcome"], facts.get("Errno", 0)) == (
            r["operation"],
            r["outcome"],
            r["errno"],
        )
