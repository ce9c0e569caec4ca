"""A policy judges two real recordings of attacks; what it has to say was read off their events by hand."""

from __future__ import annotations

import json

import pytest

from tests.corpus import corpus

POLICY = """
lictor: 1
name: windows
mode: audit
rules:
  - {id: script-hosts, on: exec, action: deny, match: {exe: ["C:/Windows/System32/mshta.exe", "c:/windows/system32/rundll32.exe"]}}
  - {id: outside, on: net.connect, action: deny, match: {net: external}}
  - {id: run-key, on: registry.set, action: deny, match: {path: "**/CurrentVersion/Run/**"}}
  - {id: sam, on: registry.set, action: deny, match: {path: "**/SAM/Domains/**"}}
  - {id: dropped, on: file.create, action: audit, match: {path: "C:/Windows/**"}}
"""
"""Letters of a drive path are compared as Windows does."""


@pytest.mark.parametrize(
    "name", ["exec_persist_rundll32_mshta_scheduledtask_sysmon_1_3_11.evtx", "smbmap_upload_exec_sysmon.evtx"]
)
def test_verdicts(name, lictor, tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY)
    log = corpus("windows", "evtx", "attack-samples", name)
    ended = lictor("import", log, "--policy", tmp_path / "policy.yaml", "--lake", tmp_path / "lake", "--format", "json")
    assert ended.status == 0
    query = "SELECT operation, exe, path, dst_ip, verdict, rule FROM activity"
    rows = json.loads(lictor("sql", "--lake", tmp_path / "lake", "--format", "json", query).out)
    assert len(rows) == json.loads(ended.out)["records"]
    for row in rows:
        assert (row["verdict"], row["rule"]) == expected(row), row
    assert {r["verdict"] for r in rows} >= {"deny", "allow"}


def expected(row: dict) -> tuple[str, str | None]:
    """The policy in plain Python."""
    exe, path = (row["exe"] or "").lower(), row["path"] or ""
    if row["operation"] == "exec" and exe in (r"c:\windows\system32\mshta.exe", r"c:\windows\system32\rundll32.exe"):
        return "deny", "script-hosts"
    if row["operation"] == "net.connect" and not row["dst_ip"].startswith(
        ("10.", "192.168.", "172.", "127.", "fe80", "::1")
    ):
        return "deny", "outside"
    if row["operation"] == "registry.set" and "\\CurrentVersion\\Run\\" in path:
        return "deny", "run-key"
    if row["operation"] == "registry.set" and "\\SAM\\Domains\\" in path:
        return "deny", "sam"
    if row["operation"] == "file.create" and path.lower().startswith("c:\\windows\\"):
        return "audit", "dropped"
    return "allow", None
