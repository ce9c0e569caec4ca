"""The Claude Code dialect as a whole: the corpus, what is refused, and a property over rules at random."""

from __future__ import annotations

import json
import random

import pytest

from pipeline.policy.dialects.claude_code.reader import DIALECT, NOTES
from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.source import PolicyError
from tests.corpus import ROOT, corpus
from tests.pipeline.policy.dialects.agents_judge import doctor
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge

FILES = sorted((ROOT / "policies" / "claude-code-settings").glob("*.json"))


def test_the_corpus_is_there():
    corpus("policies", "claude-code-settings")
    assert len(FILES) == 2


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_part_of_a_file_is_in_the_report(path):
    text = path.read_text()
    assert DIALECT.recognises(text, path.name)
    found = DIALECT.read(text, path.name)
    pointers = {i.pointer for i in found.items}
    data = json.loads(text)
    for action, rules in data.get("permissions", {}).items():
        for i in range(len(rules)) if isinstance(rules, list) else ():
            assert f"/permissions/{action}/{i}" in pointers
    assert {
        f"/sandbox/excludedCommands/{i}" for i, _ in enumerate(data["sandbox"].get("excludedCommands", ()))
    } <= pointers
    assert {i.outcome for i in found.items} <= set(OUTCOMES)
    assert len({i.name for i in found.items}) == len(found.items)


def test_a_managed_default_of_deny_stays_one():
    """Issue 69118: a sandbox that an administrator prescribes, without any host."""
    judge = Judge(
        DIALECT.read(corpus("policies", "claude-code-settings", "issue69118_managed.json").read_text(), "m.json")
    )
    assert judge.connect("github.com") == judge.connect() == judge("file.write", "/etc/x") == "deny"
    assert judge("file.write", f"{WORKSPACE}/x") == "allow"


def test_verdicts_of_the_managed_example():
    path = corpus("policies", "claude-code-settings", "managed_domains_only.json")
    judge = Judge(DIALECT.read(path.read_text(), path.name))
    assert judge.connect("github.com") == judge.connect("x.npmjs.org") == "allow"
    assert judge.connect("npmjs.org") == judge.connect("gitlab.com") == judge.connect() == "deny"
    assert judge("file.read", f"{HOME}/.ssh/id") == judge("file.read", f"{HOME}/.aws/credentials") == "deny"
    assert judge("file.read", f"{HOME}/.aws/config") == "allow"
    assert judge("exec", "/usr/bin/curl", argv="curl x") == "deny"
    assert judge("exec", "/usr/bin/git", argv="git push x") == "ask"


REFUSED = [
    '{"permissions": {"allow": "x"}}', '{"permissions": []}', '{"permissions": null}', "[]", '{"permissions": {"deny": null}}',
    '{"permissions": {"defaultMode": "nope"}}', '{"permissions": {"disableBypassPermissionsMode": "x"}}',
    '{"permissions": {"additionalDirectories": [1]}}', '{"permissions": {"blockReadsOutsideWorkingDirectories": "x"}}',
    '{"sandbox": {"enabled": "x"}}', '{"sandbox": {"excludedCommands": [1]}}', '{"sandbox": {"allowUnsandboxedCommands": "x"}}',
    '{"sandbox": {"network": {"allowedDomains": [1]}}}', '{"sandbox": {"network": {"allowManagedDomainsOnly": 1}}}',
    '{"sandbox": {"network": {"httpProxyPort": "1"}}}', '{"sandbox": {"filesystem": {"denyRead": "x"}}}',
    '{"sandbox": {"filesystem": {"allowWrite": [{"path": "a"}]}}}', '{"allowManagedPermissionRulesOnly": "x"}', '{"a": 1,}',
    "// c\n{}",
]  # fmt: skip
TAKEN = [
    "", "{}", '{"bogus": 1}', '{"permissions": {"bogus": 1}}', '{"permissions": {"defaultMode": "manual"}}',
    '{"sandbox": {"bogus": 2, "network": {"allowedDomains": ["*", "http://x"]}, "filesystem": {"foo": 1}}}',
    '{"permissions": {"allow": []}, "hooks": {}}',
]  # fmt: skip
"""What ``claude doctor`` 2.1.332 reports under *Invalid settings*, and what it does not."""


@pytest.mark.parametrize("text", REFUSED)
def test_what_claude_code_reports_as_invalid_is_refused(text):
    with pytest.raises(PolicyError, match=r"s\.json:[0-9]+:[0-9]+: "):
        DIALECT.read(text, "s.json")


@pytest.mark.parametrize("text", TAKEN)
def test_what_it_takes_is_taken(text):
    Judge(DIALECT.read(text, "s.json"))


def test_claude_code_says_the_same(tmp_path):
    assert [text for text in REFUSED if not doctor(text, tmp_path)] == []
    assert [text for text in TAKEN if doctor(text, tmp_path)] == []


def test_reads_outside_the_working_folders_may_be_closed():
    found = DIALECT.read('{"permissions": {"blockReadsOutsideWorkingDirectories": true}}', "s.json")
    assert Judge(found)("file.read", "/usr/lib/x") == "deny"
    judge = Judge(found, frozenset({"claude-code-blockReadsOutsideWorkingDirectories"}))
    assert (judge("file.read", "/usr/lib/x"), judge("file.read", f"{HOME}/x")) == ("allow", "deny")
    assert judge("file.read", f"{WORKSPACE}/x") == "allow"


def test_notes():
    assert len(NOTES) == len(DIALECT.read("{}", "s").notes) == 5


@pytest.mark.parametrize("text", ["", "[]", '{"permissions": 1}', '{"sandbox": {"x": 1}}', "a: 1", '{"network": {}}'])
def test_other_files_are_not_claimed(text):
    assert not DIALECT.recognises(text, "p.json")
    assert DIALECT.recognises("{", ".claude/settings.json")


# The property: what Claude Code stops (a deny first, then an ask, then an allow, then its mode) is stopped.

FILE_RULES = {"Edit(docs/**)": "docs/", "Edit(docs/a/**)": "docs/a/", "Edit(src)": "src/", "Edit(//srv/**)": "/srv/"}
COMMANDS = {"Bash(git *)": "git ", "Bash(git push *)": "git push ", "Bash(make:*)": "make "}
PATHS = ["docs/x", "docs/a/x", "src/x", "/srv/x", "x"]
LINES = ["git status", "git push origin", "make all", "tar x"]


def stopped(permissions, mode, table, name):
    for action in ("deny", "ask", "allow"):
        if any(name.startswith(table[rule]) for rule in permissions[action] if rule in table):
            return action != "allow"
    return not (table is FILE_RULES and mode == "acceptEdits" and not name.startswith("/"))


def test_what_claude_code_stops_is_stopped():
    rnd = random.Random(23)
    for _ in range(150):
        rules = list(FILE_RULES) + list(COMMANDS)
        permissions = {action: rnd.sample(rules, rnd.randint(0, 3)) for action in ("allow", "ask", "deny")}
        mode = rnd.choice(["default", "acceptEdits", "dontAsk", "plan"])
        judge = Judge(DIALECT.read(json.dumps({"permissions": {**permissions, "defaultMode": mode}}), "s.json"))
        for name in PATHS:
            path = name if name.startswith("/") else f"{WORKSPACE}/{name}"
            if stopped(permissions, mode, FILE_RULES, name):
                assert judge.stops("file.write", path), (permissions, mode, name)
        for line in LINES:
            if stopped(permissions, mode, COMMANDS, line):
                assert judge.stops("exec", f"/usr/bin/{line.split()[0]}", argv=line), (permissions, mode, line)
