"""Permission rules as items and verdicts."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.claude_code.reader import DIALECT
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge, outcomes


def read(sandbox=None, **permissions):
    settings = {"permissions": permissions, **({"sandbox": sandbox} if sandbox else {})}
    return DIALECT.read(json.dumps(settings), "settings.json")


@pytest.mark.parametrize(
    ("action", "rule", "outcome"),
    [
        ("deny", "Read(~/.ssh/**)", "narrower"), ("deny", "Edit(src/**)", "narrower"), ("deny", "Write(src/**)", "narrower"),
        ("deny", "Read", "wider"), ("deny", "Bash", "wider"), ("deny", "WebFetch", "wider"), ("deny", "*", "wider"),
        ("deny", "Read(../x)", "wider"), ("deny", "mcp__github", "unsupported"), ("deny", "Agent(x)", "unsupported"),
        ("deny", "read(x)", "unsupported"), ("deny", "WebFetch(domain:a.org)", "narrower"),
        ("deny", "WebFetch(domain:a b)", "unsupported"), ("deny", "Read(a\0b)", "setting"),
        ("ask", "Bash(git push *)", "narrower"), ("ask", "Edit(*.md)", "narrower"),
        ("allow", "Read(~/.zshrc)", "exact"), ("allow", "Edit(docs/**)", "exact"), ("allow", "Write(docs/**)", "narrower"),
        ("allow", "Bash(npm run *)", "narrower"), ("allow", "Bash", "exact"), ("allow", "WebFetch", "wider"),
        ("allow", "WebFetch(domain:a.org)", "exact"), ("allow", "Edit(../x)", "narrower"), ("allow", "bash", "narrower"),
        ("allow", "mcp__github__get", "unsupported"), ("allow", "WebFetch(domain:)", "narrower"), ("allow", "Edit", "exact"),
    ],
)  # fmt: skip
def test_outcomes(action, rule, outcome):
    found = read(**{action: [rule]})
    item = next(i for i in found.items if i.pointer == f"/permissions/{action}/0")
    assert item.outcome == outcome
    assert item.why or outcome == "exact"
    Judge(found)


def test_verdicts_without_the_sandbox():
    judge = Judge(
        read(
            allow=["Bash(npm run *)", "Edit(docs/**)", "WebFetch(domain:*.a.org)"],
            ask=["Bash(git push *)", "Edit(docs/secret/**)"],
            deny=["Bash(curl *)", "Read(.env)", "Edit(docs/locked)", "WebFetch(domain:b.org)"],
        )
    )
    assert judge("exec", "/usr/bin/npm", argv="npm run test") == "allow"
    assert judge("exec", "/usr/bin/npm", argv="npm install x") == "ask"
    assert judge("exec", "/tmp/npm", argv="npm run test") == "ask"
    assert judge("exec", "/usr/bin/python3", argv="npm run test") == "ask"
    assert judge("exec", "/usr/bin/git", argv="git push origin") == "ask"
    assert judge("exec", "/usr/bin/curl", argv="curl http://x") == "deny"
    assert judge("file.write", f"{WORKSPACE}/docs/a.md") == "allow"
    assert judge("file.write", f"{WORKSPACE}/docs/secret/a") == judge("file.write", f"{WORKSPACE}/a") == "ask"
    assert judge("file.write", f"{WORKSPACE}/docs/locked/x") == "deny"
    assert judge("file.read", f"{WORKSPACE}/a/.env") == "deny"
    assert judge("file.read", f"{HOME}/x") == "allow"
    assert judge.connect("x.a.org") == "allow"
    assert judge.connect("x.a.org", port=22) == judge.connect("c.org") == judge.connect() == "ask"
    assert judge.connect("b.org") == "deny"


@pytest.mark.parametrize(
    ("mode", "sandbox", "outcome", "verdict"),
    [
        ("default", None, "setting", "ask"),
        ("acceptEdits", None, "exact", "allow"),
        ("default", {"enabled": True}, "exact", "allow"),
    ],
)
def test_further_folders(mode, sandbox, outcome, verdict):
    found = read(sandbox, defaultMode=mode, additionalDirectories=["/srv/x", "../y", "/a*"])
    assert outcomes(found)["claude-code-additionalDirectories-0"] == outcome
    judge = Judge(found)
    assert judge("file.write", "/srv/x/a") == verdict
    assert judge("file.write", "/srv/z/a") == judge("file.write", "/ab") == "ask"


def test_the_whole_command_tool_is_no_program_or_no_shell():
    found = read(deny=["Bash"])
    assert Judge(found)("exec", "/usr/bin/ls", argv="ls") == "deny"
    judge = Judge(found, frozenset({"claude-code-deny-0"}))
    assert (judge("exec", "/usr/bin/bash", argv="bash"), judge("exec", "/usr/bin/ls", argv="ls")) == ("deny", "allow")
