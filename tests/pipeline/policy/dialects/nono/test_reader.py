"""The nono dialect as a whole: the corpus, verdicts, and a property against a plain reading of Landlock's grants."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.dialects.nono.reader import DIALECT
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml
from tests.corpus import ROOT, corpus

FOLDER = ROOT / "policies" / "nono"
FILES = sorted(FOLDER.rglob("*.json"))
NO_PROFILES = {"package.json": "describes a pack", "capability-manifest.schema.json": "a schema", "nono-profile.schema.json": "a schema"}  # fmt: skip
"""Files beside the profiles, which the folder says to be valid (its fixtures and examples are what nono's own tests load)."""

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def decider(text, accepted=frozenset()):
    document = DIALECT.read(text, "p.json").document(accepted)
    return Decider(compile_policies([load_policy(to_yaml(document), "p.yaml")], CONTEXT, mode="audit"))


def verdict(judge, **event):
    return judge.decide(facts_of(TestEvent(**event), judge, CONTEXT)).verdict


def test_the_corpus_is_there():
    corpus("policies", "nono")
    assert len(FILES) == 20


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_profile_of_the_corpus_is_read_and_nothing_else_is(path):
    text = path.read_text()
    if path.name in NO_PROFILES:
        assert not DIALECT.recognises(text, path.name)
        with pytest.raises(PolicyError, match=r":[0-9]+:[0-9]+: "):
            DIALECT.read(text, path.name)
        return
    assert DIALECT.recognises(text, path.name)
    found = DIALECT.read(text, path.name)
    assert len({i.name for i in found.items}) == len(found.items)
    for item in found.items:
        assert item.outcome in OUTCOMES
        assert item.line <= text.count("\n") + 1
    load_policy(to_yaml(found.document()), path.name)
    decider(text)


def test_a_pointer_leads_to_the_entry():
    text = corpus("policies", "nono", "tool-sandbox-examples", "github-cli", "basic.json").read_text()
    data = json.loads(text)
    for item in DIALECT.read(text, "p").items:
        where = data
        for part in item.pointer.split("/")[1:]:
            where = where[int(part) if isinstance(where, list) else part.replace("~1", "/")]
        if isinstance(where, str):
            assert where in text.splitlines()[item.line - 1]


def test_verdicts_of_the_default_profile():
    text = '// mine\n{"extends": "default", "meta": {"name": "x"}, "workdir": {"access": "readwrite"},}'
    every = {f"groups.{g}" for g in ("dangerous_commands", "dangerous_commands_linux")}
    strict, judge = decider(text), decider(text, frozenset(every))
    files = {
        ("file.write", "/w/a"): "allow",
        ("file.delete", "/w/a"): "allow",
        ("file.delete", "/w"): "deny",
        ("file.read", "/home/u/.ssh/id"): "deny",
        ("file.read", "/home/u/doc"): "deny",
        ("file.read", "/usr/share/x"): "allow",
        ("file.write", "/usr/share/x"): "deny",
        ("file.write", "/tmp/x"): "allow",
        ("file.read", "/tmp/x"): "deny",
        ("exec", "/usr/bin/rm"): "allow",
        ("exec", "/opt/x"): "deny",
        ("exec", "/w/run"): "allow",
    }
    assert {k: verdict(judge, on=k[0], path=k[1]) for k in files} == files
    assert verdict(strict, on="exec", path="/usr/bin/rm") == "deny"
    assert verdict(judge, on="net.connect", dst_ip="9.9.9.9") == "allow"


def test_a_base_that_is_not_known_keeps_the_network_closed_until_accepted():
    text = '{"extends": "team/x", "meta": {"name": "x"}}'
    assert verdict(decider(text), on="net.connect", dst_ip="9.9.9.9") == "deny"
    assert verdict(decider(text, frozenset({"extends.team.x"})), on="net.connect", dst_ip="9.9.9.9") == "allow"


def test_a_manifest_has_no_comments():
    text = '{"version": "0.1.0", // x\n"network": {"mode": "blocked"}}'
    with pytest.raises(PolicyError, match="not JSON"):
        DIALECT.read(text, "p")
    assert DIALECT.read(text.replace("// x", ""), "p").head["name"] == "nono"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "p:1:1: a profile is an object"),
        ('{"meta": {"name": "x"},\n "filesytem": {}}', "p:2:15: unknown key 'filesytem'; did you mean 'filesystem'"),
        ('{"meta": {}}', "p:1:10: 'name' is missing"),
        ('{"command_policies": null}', "p:1:22: an object is wanted"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(PolicyError, match=message):
        DIALECT.read(text, "p")


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"network": {"allowedDomains": []}, "filesystem": {"denyRead": []}}', '{"permissions": {"deny": []}}', "lictor: 1"],
)  # fmt: skip
def test_other_files_are_not_claimed(text):
    assert not DIALECT.recognises(text, "p.json")


# The property: grants are drawn as data and read here as Landlock takes them: nothing but what is granted.

PATHS = ("/g", "/g/a", "/g/a/b", "/h", "/h/a", "/z", "/w", "/w/a")
TOPS = st.sampled_from(["/g", "/g/a", "/h", "$WORKDIR", "/g/a/b"])
LISTS = ("allow", "read", "write", "allow_file", "read_file", "write_file")
sections = st.fixed_dictionaries({}, optional={k: st.lists(TOPS, max_size=2, unique=True) for k in (*LISTS, "deny")})
NEEDS = {
    "file.read": "read", "file.write": "write", "exec": "read", "file.delete": "above", "file.create": "above",
    "file.rename": "above", "file.mkdir": "above", "file.symlink": "above",
}  # fmt: skip


def granted(section, access, path, need):
    """Reading and writing by the path, removing and making by a folder above it."""
    found = [(p.replace("$WORKDIR", "/w"), kind) for kind in LISTS for p in section.get(kind, ())]
    found += [("/w", {"read": "read", "write": "write", "readwrite": "allow"}[access])] if access != "none" else []
    for top, kind in found:
        inside = path.startswith(top + "/")
        if kind.endswith("_file"):
            reach = path == top and need != "above"
        else:
            reach = inside if need == "above" else inside or path == top
        if reach and kind.startswith(("allow", "read" if need == "read" else "write")):
            return True
    return False


@settings(deadline=None, max_examples=100)
@given(sections, st.sampled_from(["none", "read", "write", "readwrite"]))
def test_what_nono_does_not_grant_is_denied(section, access):
    text = json.dumps({"meta": {"name": "default"}, "filesystem": section, "workdir": {"access": access}})
    judge = decider(text)
    denied = [p.replace("$WORKDIR", "/w") for p in section.get("deny", ())]
    for on, need in NEEDS.items():
        for path in PATHS:
            hidden = any(path == d or path.startswith(d + "/") for d in denied)
            event = {"on": on, "path": path, **({"path_to": path} if on in ("file.rename", "file.symlink") else {})}
            found = verdict(judge, **event)
            allowed = granted(section, access, path, need) and not hidden
            assert allowed or found in STOPPING, (section, event)
            if allowed and need == "read":
                assert found == "allow", (section, event)


networks = st.fixed_dictionaries(
    {},
    optional={
        "block": st.booleans(),
        "allow_domain": st.lists(st.sampled_from(["x.org", "*.x.org", "10.0.0.1", {"domain": "y.net", "endpoints": []}]), max_size=2),
        "network_profile": st.sampled_from(["minimal", "nobody-knows"]),
        "open_port": st.lists(st.sampled_from([80, 5000]), max_size=1),
        "connect_port": st.lists(st.sampled_from([443]), max_size=1),
        "deny_domain": st.lists(st.sampled_from(["x.org", "api.openai.com"]), max_size=1),
        "credentials": st.lists(st.just("c"), max_size=1),
    },
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(networks)
def test_connections_that_nono_does_not_let_through_are_denied(section):
    judge = decider(json.dumps({"meta": {"name": "default"}, "groups": {}, "network": section}))
    hosts = [d if isinstance(d, str) else "" for d in section.get("allow_domain", ())]
    hosts += ["api.openai.com"] if section.get("network_profile") == "minimal" else []
    proxied = any(section.get(k) for k in ("allow_domain", "network_profile", "credentials"))
    for host, ip in (("x.org", "9.9.9.9"), ("a.x.org", "9.9.9.9"), ("y.net", "9.9.9.9"), ("api.openai.com", "9.9.9.9"), ("", "127.0.0.1"), ("", "10.0.0.1"), ("x.org", "169.254.1.1")):  # fmt: skip
        for port in (80, 443, 5000):
            named = host or ip
            listed = any(named == h or (h.startswith("*.") and named.endswith(h[1:])) for h in hosts)
            local = ip == "127.0.0.1" and port in section.get("open_port", ())
            through = listed and not ip.startswith("169.254.")
            closed = proxied or section.get("block")
            limited = section.get("connect_port") and port not in section["connect_port"]
            allowed = (through or local if closed else not limited) and named not in section.get("deny_domain", ())
            event = {"on": "net.connect", "dst_ip": ip, "dst_port": port, **({"domain": host} if host else {})}
            assert allowed or verdict(judge, **event) in STOPPING, (section, event)
