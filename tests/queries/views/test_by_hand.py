"""What views say of things that no sample trace has: denials of each kind, IPv6, DNS, findings, people, names meant to break out."""

from __future__ import annotations

import json

from tests.queries.views.conftest import BY_HAND, HOSTILE, at


def test_a_name_made_to_break_out_comes_back_as_it_is(ask):
    [row] = ask("SELECT * FROM DeviceFileEvents WHERE ActionType = 'FileCreated'")
    assert (row["FolderPath"], row["FileName"]) == (HOSTILE, "b\nc.txt")
    [asim] = ask(
        "SELECT TargetFilePath, TargetFileDirectory, TargetFileName, TargetFileExtension FROM ASimFileEventLogs WHERE EventType = 'FileCreated'"
    )
    assert tuple(asim.values()) == (HOSTILE, HOSTILE.rsplit("/", 1)[0], "b\nc.txt", "txt")
    [audit] = ask("SELECT ObjectId, AuditData FROM UnifiedAuditLog WHERE Operation = 'FileCreated'")
    assert (audit["ObjectId"], json.loads(audit["AuditData"])["ObjectId"], json.loads(audit["AuditData"])["Path"]) == (
        HOSTILE,
    ) * 3


def test_process_keys_are_text_and_lead_to_the_creator_and_its_creator(ask):
    [row] = ask("SELECT * FROM DeviceProcessEvents")
    assert (row["ProcessUniqueId"], row["InitiatingProcessUniqueId"]) == ("-5", "4")
    assert (row["ProcessCreationTime"], row["InitiatingProcessCreationTime"]) == (at(1), at(0))
    assert (row["InitiatingProcessFileName"], row["InitiatingProcessCommandLine"], row["InitiatingProcessId"]) == (
        "bash",
        "bash -c x",
        40,
    )
    assert (row["InitiatingProcessParentFileName"], row["InitiatingProcessParentId"]) == ("codex", 30)
    assert (row["SHA256"], row["SHA1"], row["AccountSid"], row["InitiatingProcessAccountSid"]) == (
        "ab" * 32,
        None,
        "1000",
        "1000",
    )


def test_files_that_changed_and_nothing_else(ask):
    rows = ask(
        "SELECT ActionType, FolderPath, PreviousFolderPath, PreviousFileName, SensitivityLabel FROM DeviceFileEvents ORDER BY Timestamp"
    )
    assert [tuple(r.values()) for r in rows] == [
        ("FileCreated", HOSTILE, None, None, None),
        ("FileRenamed", "/w/new.txt", "/w/old.txt", "old.txt", None),
        ("FileDeleted", "/w/gone", None, None, "secret"),
        ("FileModified", "/etc/x", None, None, None),
    ]


def test_each_connection_once_with_what_came_of_it(ask):
    rows = ask(
        "SELECT ActionType, RemoteIP, RemotePort, RemoteUrl, RemoteIPType, LocalIPType, Protocol FROM DeviceNetworkEvents ORDER BY Timestamp"
    )
    assert [tuple(r.values()) for r in rows] == [
        ("ConnectionSuccess", "2001:db8::1", 443, "api.example.com", "Public", "Private", "Tcp"),
        ("ConnectionAttempt", "10.0.0.7", 80, None, "Private", None, "Tcp"),
        ("ConnectionFailed", "10.0.0.8", 80, None, "Private", None, "Tcp"),
        ("ConnectionFailed", "203.0.113.9", 4444, "evil.example", "Public", "Private", "Tcp"),
        ("ListeningConnectionCreated", None, None, None, None, None, "Tcp"),
        ("InboundConnectionAccepted", "192.168.1.3", 50000, None, "Private", "Private", "Tcp"),
        ("ConnectionSuccess", "127.0.0.53", 53, None, "Loopback", None, "Udp"),
    ]


def test_sessions_say_who_asked_whom(ask):
    rows = ask("""SELECT NetworkDirection, SrcIpAddr, DstIpAddr, DstHostname, EventResult, EventResultDetails, DvcAction, NetworkProtocolVersion
        FROM ASimNetworkSessionLogs ORDER BY TimeGenerated""")
    assert [tuple(r.values()) for r in rows] == [
        ("Outbound", "fd00::9", "2001:db8::1", "api.example.com", "Success", None, None, "IPv6"),
        ("Outbound", None, "10.0.0.7", None, "Success", None, None, "IPv4"),
        ("Outbound", None, "10.0.0.8", None, "Failure", "Reset", None, "IPv4"),
        ("Outbound", "10.0.0.2", "203.0.113.9", "evil.example", "Failure", "Unknown", "Deny", "IPv4"),
        ("Inbound", "192.168.1.3", "192.168.1.2", "vm", "Success", None, None, "IPv4"),
        ("Local", None, "127.0.0.53", None, "Success", None, None, "IPv4"),
    ]


def test_names_asked_for_and_name_servers_asked(ask):
    rows = ask("SELECT DnsQuery, DstIpAddr, SrcProcessName FROM ASimDnsActivityLogs ORDER BY TimeGenerated")
    assert [tuple(r.values()) for r in rows] == [
        (None, "127.0.0.53", "/usr/bin/python3"),
        ("example.com", "127.0.0.53", "/usr/bin/python3"),
    ]


def test_what_policy_said_and_which_secrets_were_read(ask):
    rows = ask("SELECT ActionType, FolderPath, RemoteIP FROM DeviceEvents ORDER BY Timestamp")
    assert [tuple(r.values()) for r in rows] == [
        ("SensitiveFileRead", "/home/dev/.aws/credentials", None),
        ("AgentPolicyBlocked", "/home/dev/.ssh/id_rsa", None),
        ("SensitiveFileRead", "/data/payroll.csv", None),
        ("AgentPolicyBlocked", None, "203.0.113.9"),
        ("IoUringSetup", None, None),
        ("FilePermissionsChanged", "/w/run.sh", None),
        ("AgentPolicyBlockFailed", "/etc/x", None),
        ("AgentPolicyBlocked", "/usr/bin/nc", None),
        ("ProcessTerminated", "/usr/bin/python3", None),
    ]


def test_sensitive_access_says_why_and_whether_they_got_it(ask):
    rows = ask("SELECT path, kind, because, got, effect FROM sensitive_access ORDER BY time")
    assert [tuple(r.values()) for r in rows] == [
        ("/w/gone", None, "label", True, None),
        ("/home/dev/.aws/credentials", "cloud credentials", "place", True, None),
        ("/home/dev/.ssh/id_rsa", "SSH key", "place", False, "stopped"),
        ("/data/payroll.csv", None, "label", True, "observed"),
        ("/etc/x", None, "rule", True, "failed"),
    ]


def test_registry_rows_are_shown_once_there_are_some(ask):
    rows = ask("SELECT ActionType, RegistryKey FROM DeviceRegistryEvents")
    assert [tuple(r.values()) for r in rows] == [("registry.set", "HKEY_LOCAL_MACHINE\\Software\\Run")]


def test_a_finding_that_was_written_twice_is_one_alert(ask):
    rows = ask("SELECT AlertId, Title, Severity, DetectionSource, AttackTechniques FROM AlertInfo ORDER BY AlertId")
    assert [tuple(r.values()) for r in rows] == [
        ("f1", 'a "secret" left', "High", "Lictor policy", '["T1552.001","AML.T0024"]'),
        ("f2", 'a "secret" left', "High", "Lictor", None),
        ("f3", 'a "secret" left', "Low", "Lictor hunt", '["T1552.001","AML.T0024"]'),
    ]


def test_evidence_is_the_machine_and_what_each_proving_row_is_about(ask):
    rows = ask("SELECT AlertId, EntityType, FolderPath, RemoteIP, ProcessCommandLine FROM AlertEvidence ORDER BY ALL")
    assert sorted(map(repr, (tuple(r.values()) for r in rows))) == sorted(map(repr, [
        ("f1", "File", "/home/dev/.aws/credentials", None, None), ("f1", "Ip", None, "2001:db8::1", None), ("f1", "Machine", None, None, None),
        ("f1", "Process", "/usr/bin/python3", None, "python3 x.py"), ("f1", "Process", "/usr/bin/python3", None, "python3 x.py"),
        ("f2", "Machine", None, None, None), ("f3", "Machine", None, None, None),
    ]))  # fmt: skip


def test_the_audit_log_has_each_thing_once(ask):
    rows = ask(
        "SELECT Operation, count(*) AS n, any_value(UserId) AS by FROM UnifiedAuditLog WHERE RecordType >= 10008 GROUP BY Operation"
    )
    assert {r["Operation"]: (r["n"], r["by"]) for r in rows} == {
        "AIInvokeAgent": (1, "dev"), "AIExecuteTool": (1, "dev"), "FindingRaised": (3, "lictor"), "kill": (1, "policy"), "Run released": (1, "eve"),
        "Policy in force": (1, "lictor"), "Policy refused": (1, "lictor"),
    }  # fmt: skip
    [counts] = ask(
        "SELECT count(*) AS n, count(DISTINCT Id) AS ids, count(*) FILTER (RecordType < 10008) AS events FROM UnifiedAuditLog"
    )
    assert counts == {"n": len(BY_HAND) + 9, "ids": len(BY_HAND) + 9, "events": len(BY_HAND)}


def test_a_tool_call_is_one_record_with_what_it_accessed(ask):
    [record] = ask("SELECT AuditData, SessionId, ObjectId FROM UnifiedAuditLog WHERE Operation = 'AIExecuteTool'")
    resources = json.loads(record["AuditData"])["CopilotEventData"]["AccessedResources"]
    assert (record["SessionId"], record["ObjectId"]) == ("talk", "call1")
    assert sorted((r["Action"], r["Id"], r["SiteUrl"]) for r in resources) == sorted([
        ("Execute", "/usr/bin/python3", "file://vm/usr/bin/python3"), ("Create", HOSTILE, "file://vm" + HOSTILE),
        ("Read", "/home/dev/.aws/credentials", "file://vm/home/dev/.aws/credentials"),
    ])  # fmt: skip


def test_people_and_policies_are_audited(ask):
    rows = ask(
        "SELECT Operation, EventType, EventResult, ActorUsername, Object, NewValue, EventResultDetails FROM ASimAuditEventLogs ORDER BY TimeGenerated"
    )
    assert [tuple(r.values()) for r in rows] == [
        ("Policy in force", "Set", "Success", None, "p", "v1", None),
        ("kill", "Execute", "Failure", "policy", "/etc/x", "failed", "still there"),
        ("Run released", "Execute", "Success", "eve", "run1", "released", "fine"),
        ("Policy refused", "Set", "Failure", None, "p", None, "line 3: no such key"),
    ]


def test_agents_runs_and_tool_calls(ask):
    rows = ask("SELECT EventType, EventSessionId, SrcAgentName, ToolId FROM ASimAgentEventLogs ORDER BY EventType")
    assert [tuple(r.values()) for r in rows] == [
        ("ExecuteTool", "talk", "codex", "call1"),
        ("InvokeAgent", "run1", "codex", None),
    ]
    [agent] = ask("SELECT agent, runs, running, unmanaged, last_mode, findings, worst, events FROM agents")
    assert tuple(agent.values()) == ("codex", 1, 1, 0, "enforce", 3, "critical", len(BY_HAND) - 1)
    [ids] = ask(
        "SELECT count(DISTINCT agent_id) AS n FROM (SELECT agent_id FROM agents UNION ALL SELECT agent_id FROM tool_calls)"
    )
    assert ids == {"n": 1}


def test_policy_effect_counts_what_became_of_denials(ask):
    [row] = ask("SELECT matches, stopped, failed, observed, went_through FROM policy_effect WHERE rule = 'r'")
    assert tuple(row.values()) == (5, 3, 1, 1, 2)
    rows = ask("SELECT mode, effect FROM policy_matches WHERE rule = 'r' ORDER BY time")
    assert [tuple(r.values()) for r in rows] == [
        (4, "stopped"),
        (1, "observed"),
        (4, "stopped"),
        (4, "failed"),
        (4, "stopped"),
    ]


def test_an_action_is_one_row_with_its_proof(ask):
    rows = ask("SELECT id, action, enforcement, took_us, evidence FROM enforcement_actions ORDER BY id")
    assert [tuple(r.values()) for r in rows] == [
        ("a1", "kill", "failed", 250_000, "still there"),
        ("a2", "freeze", None, None, None),
    ]


def test_an_interval_is_complete_only_where_nothing_was_lost_on_any_processor(ask):
    rows = ask(
        "SELECT source, emitted, delivered, lost, share, reasons, complete FROM coverage_intervals ORDER BY since"
    )
    assert [tuple(r.values()) for r in rows] == [
        ("ebpf", 20, 15, 5, 0.75, "ring_full", False),
        ("lake", 0, 0, None, None, "log_damaged", False),
    ]


def test_a_row_that_says_nothing_at_all_is_kept(ask):
    [row] = ask(
        "SELECT count(*) AS n FROM activity_with_descent WHERE initiator_key IS NULL AND host IS NULL AND sensitive_because IS NULL"
    )
    assert row["n"] == 1
    assert ask("SELECT count(*) AS n FROM ASimFileEventLogs WHERE TargetFilePath IS NULL") == [{"n": 1}]


def plan(lake, *sqls):
    """How the query worker would go about each."""
    found = lake.query_all({sql: f"EXPLAIN {sql}" for sql in sqls})
    return {sql: "".join(found[sql]["explain_value"].to_pylist()) for sql in sqls}


def test_time_reaches_the_table_through_views_and_only_those_that_speak_of_descent_pay_for_joins(by_hand_lake):
    files = "SELECT * FROM ASimFileEventLogs WHERE TimeGenerated >= '2026-09-21 12:00:05+00'"
    others = [
        f"SELECT * FROM {view} WHERE {column} >= '2026-09-21 12:00:05+00'"
        for view, column in (("DeviceFileEvents", "Timestamp"), ("activity_explorer", "time"))
    ]
    plans = plan(by_hand_lake, files, *others)
    for sql, told in plans.items():
        # What the table itself filters is an expression of its own column, not of the view's.
        assert "time >= '2026-09-21 12:00:05+00'" in told, sql
    assert "JOIN" not in plans[files].upper()
