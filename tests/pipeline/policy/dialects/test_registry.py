"""Every dialect is there, keeps to the interface, and claims no file of another."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.registry import READERS, WRITERS, reader, recognised, writer

SAMPLES = {
    "mxc": '{"version": "0.8.0-alpha", "containment": "process", "process": {"commandLine": "ls"}}',
    "openshell": "version: 1\nfilesystem_policy:\n  read_only: [/usr]\n",
    "srt": '{"network": {"allowedDomains": ["example.com"], "deniedDomains": []}, "filesystem": {"denyRead": [], "allowWrite": ["."], "denyWrite": []}}',
    "claude-code": '{"permissions": {"deny": ["Read(./.env)"], "allow": ["Bash(git status)"]}}',
    "codex": 'sandbox_mode = "workspace-write"\n[sandbox_workspace_write]\nnetwork_access = false\n',
    "agentsh": "version: 1\nname: p\nfile_rules:\n  - name: a\n    paths: [/workspace/**]\n    operations: [read]\n    decision: allow\n",
    "leash": 'permit (principal, action == Action::"FileOpen", resource == File::"/etc/passwd");\n',
    "nono": '{"meta": {"name": "p"}, "filesystem": {"allow": ["$WORKDIR"]}, "network": {"block": true}}',
}


def test_every_dialect_has_a_sample_here():
    assert set(SAMPLES) == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_a_sample_is_claimed_by_its_own_dialect_alone(name):
    assert list(recognised(SAMPLES[name], "x")) == [name]


@pytest.mark.parametrize("name", READERS)
def test_a_dialect_has_its_name_and_reads_its_sample(name):
    dialect = reader(name)
    assert dialect.name == name
    assert dialect.title
    assert dialect.read(SAMPLES[name], "x").items


@pytest.mark.parametrize("name", WRITERS)
def test_an_exporter_has_its_name(name):
    assert writer(name).name == name


@pytest.mark.parametrize(
    "text", ["", "{}", "hello", "a: 1", "[1]", "\x00", "{" * 500, '{"a": 1', "lictor: 1\nname: p\n"]
)
@pytest.mark.parametrize("name", READERS)
def test_anything_may_be_asked_about(name, text):
    assert reader(name).recognises(text, "x") is False
