"""The agentsh dialect as a whole: the corpus, verdicts, and a property against a plain reading of first match wins."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.dialects.agentsh.reader import DIALECT
from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml
from tests.corpus import ROOT, corpus

FILES = sorted((ROOT / "policies" / "agentsh" / "configs" / "policies").glob("*.yaml"))
COUNTS = {"agent-default": (21, 15, 15), "agent-strict": (3, 4, 1)}
"""Command, file and network rules, as agentsh's own tests count them in these files."""

ENV = {"GIT_ROOT": "/w", "TEMP": "/t", "TMP": "/t", "APPDATA": "/d", "LOCALAPPDATA": "/d", "USERPROFILE": "/u", "SYSTEMROOT": "/s"}  # fmt: skip
CONTEXT = RunContext("/w", "/home/u", ENV, "u", "h", "a")


def decider(text, accepted=frozenset()):
    document = DIALECT.read(text, "p.yaml").document(accepted)
    return Decider(compile_policies([load_policy(to_yaml(document), "p.yaml")], CONTEXT, mode="audit"))


def verdict(judge, **event):
    return judge.decide(facts_of(TestEvent(**event), judge, CONTEXT)).verdict


def test_the_corpus_is_there():
    corpus("policies", "agentsh", "configs", "policies")
    assert len(FILES) == 8


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_policy_of_the_corpus_is_read_whole(path):
    text = path.read_text()
    assert DIALECT.recognises(text, path.name)
    found = DIALECT.read(text, path.name)
    lines = text.splitlines()
    for item in found.items:
        assert item.outcome in OUTCOMES
        assert item.why or item.outcome == "exact"
        if re.fullmatch(r"/[a-z_]+/[0-9]+", item.pointer):
            assert lines[item.line - 1].lstrip().startswith("- "), (item, lines[item.line - 1])
    load_policy(to_yaml(found.document()), path.name)
    decider(text)
    pointers = [i.pointer for i in found.items]
    for section in ("file_rules", "network_rules", "command_rules", "signal_rules"):
        written = re.search(rf"^{section}:\n((?:[ #].*\n|\n)+)", text, re.MULTILINE)
        count = len(re.findall(r"^  - name:", written[1], re.MULTILINE)) if written else 0
        assert sum(p.startswith(f"/{section}/") for p in pointers) == count
    if path.stem in COUNTS:
        kinds = ("command_rules", "file_rules", "network_rules")
        assert tuple(sum(p.startswith(f"/{k}/") for p in pointers) for k in kinds) == COUNTS[path.stem]


def test_the_servers_own_configuration_is_no_policy():
    text = corpus("policies", "agentsh", "config.yml").read_text()
    assert not DIALECT.recognises(text, "config.yml")
    with pytest.raises(PolicyError, match="unknown key 'server'"):
        DIALECT.read(text, "config.yml")


def test_verdicts_of_the_default_policy_for_agents():
    judge = decider(corpus("policies", "agentsh", "configs", "policies", "agent-default.yaml").read_text())
    commands = {
        "/usr/bin/git status": "allow",
        "/usr/bin/git push --force": "deny",
        "/usr/bin/rm -rf /": "deny",
        "/usr/bin/rm x": "allow",
        "/usr/bin/sudo ls": "deny",
        "/usr/bin/apt install x": "deny",
        "/usr/bin/curl https://example.com": "allow",
        "/opt/unknown": "deny",
    }
    assert {c: verdict(judge, on="exec", path=c.split()[0], argv=c) for c in commands} == commands
    files = {
        ("file.read", "/w/.env"): "ask",
        ("file.write", "/w/a"): "allow",
        ("file.read", "/home/u/.ssh/id"): "ask",
        ("file.read", "/etc/shadow"): "deny",
        ("file.write", "/etc/hosts"): "deny",
        ("file.read", "/proc/1/environ"): "deny",
        ("file.write", "/dev/null"): "allow",
        ("file.mkdir", "/var/x"): "deny",
    }
    assert {k: verdict(judge, on=k[0], path=k[1]) for k in files} == files
    hosts = {
        ("api.anthropic.com", 443): "allow",
        ("api.anthropic.com", 22): "deny",
        ("unknown.org", 443): "ask",
        ("unknown.org", 22): "deny",
    }
    assert {h: verdict(judge, on="net.connect", dst_ip="9.9.9.9", domain=h[0], dst_port=h[1]) for h in hosts} == hosts
    assert verdict(judge, on="net.connect", dst_ip="169.254.169.254", dst_port=80) == "deny"


def test_a_star_allows_once_accepted():
    text = "version: 1\nname: p\nnetwork_rules:\n- {name: npm, domains: ['*.npmjs.org'], decision: allow}\n"
    event = {"on": "net.connect", "dst_ip": "9.9.9.9", "domain": "a.b.npmjs.org"}
    assert verdict(decider(text), **event) == "deny"
    assert verdict(decider(text, frozenset({"npm"})), **event) == "allow"


def test_notes():
    notes = DIALECT.read(
        "version: 1\nname: p\nfile_rules: [{paths: [/a], operations: [read], decision: allow}]\n", "p"
    ).notes
    assert any("no file can be opened" in n for n in notes)


@pytest.mark.parametrize("text", ["version: 1\nname: x\n", "lictor: 1\nname: p\nrules: []\n", '{"version": 1}', ""])
def test_other_files_are_not_claimed(text):
    assert not DIALECT.recognises(text, "p.yaml")


# The property. The source is read here by its documentation alone: in order, the first match decides.

RANK = {"allow": 0, "audit": 0, "approve": 1, "deny": 2, "redirect": 2, "soft_delete": 2}
STRENGTH = {"allow": 0, "audit": 0, "ask": 1, "deny": 2}
PATTERNS = ["/a", "/a/**", "/a/*", "**/b", "/**", "**", "/{a,c}/b", "/c/**/b", "${PROJECT_ROOT}/**", "/a/[bc]"]
NAMES = ["/a", "/a/b", "/a/b/c", "/c", "/c/b", "/c/x/b", "/w", "/w/b", "/w/x", "/z"]
OPS = ["read", "open", "write", "create", "delete", "rmdir", "rename", "mkdir", "chmod", "stat", "*"]
NEEDED = {
    "file.read": [("read", "allow"), ("open", "allow")],
    "file.write": [("write", "deny")],
    "file.create": [("create", "deny")],
    "file.delete": [("delete", "deny"), ("rmdir", "deny")],
    "file.rename": [("rename", "deny")],
    "file.mkdir": [("mkdir", "deny")],
    "file.chmod": [("chmod", "deny")],
}
decisions = st.sampled_from(sorted(RANK))
file_rules = st.fixed_dictionaries(
    {
        "paths": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True),
        "operations": st.lists(st.sampled_from(OPS), max_size=4, unique=True),
        "decision": decisions,
    }
)


def glob(pattern, sep):
    """gobwas/glob in Python's terms, for the patterns used here."""
    pattern = pattern.replace("${PROJECT_ROOT}", "/w")
    made = re.sub(
        r"\*\*|\*|\?|\[[a-z]+\]|[{},]|[^*?\[{},]+",
        lambda m: {"**": "(?s:.*)", "*": f"[^{sep}]*", "?": f"[^{sep}]", "{": "(?:", "}": ")", ",": "|"}.get(
            m[0], m[0] if m[0][0] == "[" else re.escape(m[0])
        ),
        pattern,
    )
    return re.compile(made)


def first(rules, hit, otherwise):
    return next((r["decision"] for r in rules if hit(r)), otherwise)


def file_answer(rules, path, operation, otherwise):
    def hit(rule):
        ops = rule["operations"]
        return (not ops or "*" in ops or operation in ops) and any(glob(p, "/").fullmatch(path) for p in rule["paths"])

    return first(rules, hit, otherwise)


def as_text(**sections):
    """YAML reads JSON."""
    return json.dumps({"version": 1, "name": "p", **sections})


@settings(deadline=None, max_examples=80)
@given(st.lists(file_rules, max_size=6))
def test_files_that_agentsh_denies_are_denied(rules):
    judge = decider(as_text(file_rules=rules))
    for on, needed in NEEDED.items():
        for path in NAMES:
            wanted = max(RANK[file_answer(rules, path, op, other)] for op, other in needed)
            event = {"on": on, "path": path, **({"path_to": path} if on == "file.rename" else {})}
            assert STRENGTH[verdict(judge, **event)] >= wanted, (rules, event)


@settings(deadline=None, max_examples=80)
@given(st.lists(file_rules.map(lambda r: r | {"operations": []}), max_size=5))
def test_rules_on_all_operations_come_over_exactly_but_for_denied_folders(rules):
    judge = decider(as_text(file_rules=rules))
    for path in ("/a/b", "/a/b/c", "/c/x/b", "/w/b", "/w/x"):
        wanted = RANK[file_answer(rules, path, "read", "allow")]
        assert STRENGTH[verdict(judge, on="file.read", path=path)] == wanted, (rules, path)


network_rules = st.fixed_dictionaries(
    {"decision": decisions},
    optional={
        "domains": st.lists(st.sampled_from(["x.org", "*.x.org", "**.x.org", "*", "**", "y.net", "10.0.0.1"]), min_size=1, max_size=2, unique=True),
        "cidrs": st.lists(st.sampled_from(["10.0.0.0/8", "9.9.9.9/32", "0.0.0.0/0"]), min_size=1, max_size=2, unique=True),
        "ports": st.lists(st.sampled_from([80, 443]), min_size=1, max_size=2, unique=True),
    },
)  # fmt: skip
NETS = {"10.0.0.0/8": "10.", "9.9.9.9/32": "9.9.9.9", "0.0.0.0/0": ""}


@settings(deadline=None, max_examples=100)
@given(st.lists(network_rules, max_size=6))
def test_connections_that_agentsh_denies_are_denied(rules):
    judge = decider(as_text(network_rules=rules))
    for host, ip in (("x.org", "9.9.9.9"), ("a.x.org", "9.9.9.9"), ("b.a.x.org", "10.0.0.2"), ("y.net", "8.8.8.8"), ("10.0.0.1", "10.0.0.1")):  # fmt: skip
        for port in (80, 443, 22):

            def hit(rule, host=host, ip=ip, port=port):
                named = "domains" not in rule or any(glob(d, ".").fullmatch(host) for d in rule["domains"])
                inside = "cidrs" not in rule or any(ip.startswith(NETS[c]) for c in rule["cidrs"])
                return named and inside and ("ports" not in rule or port in rule["ports"])

            wanted = RANK[first(rules, hit, "deny")]
            named = {} if host[0].isdigit() else {"domain": host}
            found = verdict(judge, on="net.connect", dst_ip=ip, dst_port=port, **named)
            assert STRENGTH[found] >= wanted, (rules, host, ip, port)


command_rules = st.fixed_dictionaries(
    {"decision": decisions},
    optional={
        "commands": st.lists(st.sampled_from(["git", "rm", "g*", "*", "/usr/bin/git", "/usr/*/rm", "RM"]), min_size=1, max_size=2, unique=True),
        "args_patterns": st.lists(st.sampled_from(["status.*", ".*-rf.*", "push$", "(a|b)", r"-f\s+x", "^push"]), min_size=1, max_size=2, unique=True),
    },
)  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(st.lists(command_rules, max_size=6))
def test_commands_that_agentsh_denies_are_denied(rules):
    judge = decider(as_text(command_rules=rules))
    for program in ("/usr/bin/git", "/usr/bin/rm", "/tmp/RM", "/opt/x"):
        for arguments in ("", "status", "-rf a", "push", "-f x", "commit b"):

            def hit(rule, program=program, arguments=arguments):
                base = program.rpartition("/")[2].lower()
                names = rule.get("commands") or ["*"]
                called = any(
                    glob(n, "/").fullmatch(program) if "/" in n else glob(n.lower(), "\0").fullmatch(base)
                    for n in names
                )
                patterns = rule.get("args_patterns")
                return called and (not patterns or any(re.search(p, arguments) for p in patterns))

            wanted = RANK[first(rules, hit, "deny")]
            line = f"{program} {arguments}".strip()
            found = verdict(judge, on="exec", path=program, argv=line)
            assert STRENGTH[found] >= wanted, (rules, line)


def test_ask_and_deny_are_what_stops():
    assert {a for a, n in STRENGTH.items() if n} <= set(STOPPING)
