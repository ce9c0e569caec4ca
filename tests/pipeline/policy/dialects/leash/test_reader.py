"""The Leash dialect as a whole: the corpus, limits, verdicts, and a property against a plain reading of its rules."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.dialects.leash.reader import DIALECT
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml
from tests.corpus import ROOT, corpus

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
FILES = sorted((ROOT / "policies" / "leash" / "cedar").glob("*.cedar"))
REFUSED = {p.stem for p in FILES if re.search('<caret>(?!")|missingVar|== ,', p.read_text())}
"""What is no Cedar; test_leash_cedar holds it against what the corpus states."""


def decider(text, accepted=frozenset()):
    document = DIALECT.read(text, "p.cedar").document(accepted)
    return Decider(compile_policies([load_policy(to_yaml(document), "p.yaml")], CONTEXT, mode="audit"))


def verdict(judge, **event):
    return judge.decide(facts_of(TestEvent(**event), judge, CONTEXT)).verdict


def test_the_corpus_is_there():
    corpus("policies", "leash", "cedar")
    assert len(FILES) > 30


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_accepted_file_becomes_a_policy_that_loads(path):
    text = path.read_text()
    assert DIALECT.recognises(text, "x") or "<caret>" in text
    if path.stem in REFUSED:
        with pytest.raises(PolicyError, match=r":[0-9]+:[0-9]+: "):
            DIALECT.read(text, path.name)
        return
    found = DIALECT.read(text, path.name)
    lines = text.splitlines()
    for item in found.items:
        assert item.outcome in OUTCOMES
        assert lines[item.line - 1].lstrip().startswith(("permit", "forbid"))
    assert len({i.name for i in found.items}) == len(found.items)
    load_policy(to_yaml(found.document()), path.name)


def test_verdicts_of_the_documented_example():
    text = corpus("policies", "leash", "cedar", "doc_CEDAR__0e6d9c4c.cedar").read_text()
    judge = decider(text)
    expected = {
        ("file.read", "/workspace/secrets/k"): "allow",
        ("file.write", "/workspace/secrets/k"): "deny",
        ("file.write", "/workspace/a"): "allow",
        ("file.read", "/etc/passwd"): "deny",
        ("exec", "/usr/bin/git"): "allow",
        ("exec", "/bin/rm"): "deny",
        ("exec", "/opt/x"): "deny",
    }
    assert {(on, path): verdict(judge, on=on, path=path) for on, path in expected} == expected
    net = {"api.internal": "allow", "www.facebook.com": "deny", "mcp.example.com": "deny", "other.org": "deny"}
    assert {d: verdict(judge, on="net.connect", dst_ip="9.9.9.9", dst_port=443, domain=d) for d in net} == net
    assert verdict(judge, on="net.connect", dst_ip="9.9.9.9", dst_port=443) == "deny"


def test_only_what_a_statement_speaks_of_is_denied_by_default():
    judge = decider('forbid (principal, action == Action::"ProcessExec", resource == File::"/bin/foo");')
    assert verdict(judge, on="exec", path="/bin/bar") == "deny"
    assert verdict(judge, on="file.write", path="/x") == "allow"
    assert verdict(judge, on="net.connect", dst_ip="1.1.1.1") == "allow"


def test_no_statement_no_default():
    assert DIALECT.read("// nothing\n", "p").head["defaults"] == {}


@pytest.mark.parametrize(("action", "limit"), [("FileOpen", 256), ("ProcessExec", 64)])
def test_more_than_the_kernel_table_holds_is_refused_where_it_overflows(action, limit):
    def text(count):
        return "\n".join(
            f'permit (principal, action == Action::"{action}", resource == File::"/f{i}");' for i in range(count)
        )

    assert len(DIALECT.read(text(limit), "p").items) == limit
    with pytest.raises(PolicyError, match=f"p:{limit + 1}:1: more than {limit}"):
        DIALECT.read(text(limit + 1), "p")


def test_notes_say_what_is_read_differently():
    found = DIALECT.read(
        'permit (principal == User::"a", action == Action::"NetworkConnect", resource == Host::"h");', "p"
    )
    assert [n.split()[0] for n in found.notes] == ["Hosts", "Principals", "Leash"]


@pytest.mark.parametrize("text", ["lictor: 1\n", '{"permit": 1}', "permit me to", ""])
def test_other_files_are_not_claimed(text):
    assert not DIALECT.recognises(text, "p.yaml")


# The property: statements are drawn as data, written as Cedar, and read here by the rules of the manual.

PATHS = ("/a", "/a/b", "/a/b/c", "/ab", "/z")
HOSTS = ("x.org", "a.x.org", "b.a.x.org", "y.net", "10.0.0.1")
OPERATIONS = {
    "FileOpen": {"file.read", "file.write"},
    "FileOpenReadOnly": {"file.read"},
    "FileOpenReadWrite": {"file.write"},
    "ProcessExec": {"exec"},
    "NetworkConnect": {"net.connect"},
}
CLASS = {"file.read": "open", "file.write": "open", "exec": "exec", "net.connect": "connect"}
resources = st.one_of(
    st.tuples(st.just("File"), st.sampled_from(PATHS)),
    st.tuples(st.just("Dir"), st.sampled_from(("/", "/a", "/a/b/"))),
    st.tuples(st.just("Host"), st.sampled_from(("*", "x.org", "*.x.org", "y.net:443", "10.0.0.1", "*:80"))),
)
statements = st.builds(
    SimpleNamespace,
    effect=st.sampled_from(("permit", "forbid")),
    actions=st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=3, unique=True),
    resources=st.lists(resources, min_size=1, max_size=3, unique=True),
    head=st.booleans(),
)


def written(statement):
    actions = ", ".join(f'Action::"{a}"' for a in statement.actions)
    entities = [f'{kind}::"{value}"' for kind, value in statement.resources]
    if statement.head and len(entities) == 1:
        return f"{statement.effect}(principal, action in [{actions}], resource == {entities[0]});"
    return f"{statement.effect}(principal, action in [{actions}], resource)\nwhen {{ resource in [{', '.join(entities)}] }};"


def speaks(resource, event):
    kind, value = resource
    if CLASS[event["on"]] == "connect":
        host, _, port = value.partition(":")
        named = event.get("domain") or event["dst_ip"]
        same = host in ("*", named) or (host.startswith("*.") and named.endswith(host[1:]))
        return kind == "Host" and same and (not port or int(port) == event["dst_port"])
    below = value.rstrip("/") + "/"
    return (kind == "File" and value == event["path"]) or (kind == "Dir" and (event["path"] + "/").startswith(below))


def fits(statement, kind):
    wanted = ("Host",) if kind == "connect" else ("File", "Dir")
    acts = any(CLASS[o] == kind for a in statement.actions for o in OPERATIONS[a])
    return acts and any(k in wanted for k, _ in statement.resources)


def allowed_by_leash(found, event):
    hit = {
        s.effect
        for s in found
        if any(event["on"] in OPERATIONS[a] for a in s.actions) and any(speaks(r, event) for r in s.resources)
    }
    return "forbid" not in hit and ("permit" in hit or not any(fits(s, CLASS[event["on"]]) for s in found))


EVENTS = [{"on": on, "path": path} for on in ("file.read", "file.write", "exec") for path in PATHS]
EVENTS += [
    {"on": "net.connect", "dst_port": port, "dst_ip": host if host[0] == "1" else "9.9.9.9"}
    | ({} if host[0] == "1" else {"domain": host})
    for host in HOSTS
    for port in (80, 443)
]


@settings(deadline=None, max_examples=100)
@given(st.lists(statements, min_size=1, max_size=6))
def test_what_leash_denies_is_denied(found):
    text = "\n".join(written(s) for s in found)
    judge = decider(text)
    for event in EVENTS:
        denied = verdict(judge, **event) in STOPPING
        assert denied != allowed_by_leash(found, event), (text, event)
