"""Exported configurations: taken by the runners, never wider than the policy, and the same again where that was said."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.dialects.mxc.export import EXPORTER
from pipeline.policy.dialects.mxc.reader import DIALECT
from pipeline.policy.load import load_policy, read_policies
from pipeline.policy.model import TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml
from tests.pipeline.policy.dialects import mxc_judge

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
POLICIES = sorted((Path(__file__).parents[5] / "policies").glob("*.yaml"))
PUBLISHED = ("0.8.0", "0.9.0", "1.0.1")

PATHS = [
    "/a",
    "/a/x",
    "/a/b/y",
    "/a/b/c/z",
    "/d/f",
    "/etc/shadow",
    "/home/u/.ssh/id",
    "/usr/bin/cat",
    "/w/x",
    "/x.env",
    "/a/.env",
]
PEERS = ["10.0.0.1", "10.1.2.3", "192.0.2.7", "8.8.8.8", "2001:db8::1", "127.0.0.1"]
FILE_OPS = ["exec", "file.read", "file.write", "file.create", "file.delete", "file.chmod", "file.mkdir"]


def decider(policy):
    return Decider(compile_policies([policy], CONTEXT, mode="audit"))


def events():
    for path in PATHS:
        for op in FILE_OPS:
            yield {"on": op, "path": path}
        yield {"on": "net.connect", "path": path, "protocol": "unix"}
    for ip in PEERS:
        for op in ("net.connect", "net.send"):
            for port, protocol in ((443, "tcp"), (80, "udp"), (9000, "tcp")):
                yield {"on": op, "dst_ip": ip, "dst_port": port, "protocol": protocol}
        yield {"on": "net.listen", "src_ip": ip, "src_port": 80, "protocol": "tcp"}


def allowed(judge, event):
    return judge.decide(facts_of(TestEvent(**event), judge, CONTEXT)).verdict not in STOPPING


def again(text):
    """The exported configuration read back."""
    return load_policy(to_yaml(DIALECT.read(text, "e.json").document()), "again.yaml")


@pytest.mark.parametrize("version", PUBLISHED)
@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_our_own_policies_are_taken_by_every_runner(path, version):
    policy = read_policies([path])[0]
    for accepted in (frozenset(), frozenset(rule.id for rule in policy.rules)):
        status, said = mxc_judge.answer(EXPORTER.write(policy, accepted).text, version)
        assert status == 0, said


def test_the_coding_agent_keeps_its_secrets_and_its_network():
    path = next(p for p in POLICIES if p.stem == "coding-agent")
    policy = read_policies([path])[0]
    exported = EXPORTER.write(policy, frozenset())
    files = json.loads(exported.text)["filesystem"]
    assert {"/etc/shadow", "/etc/gshadow"} <= set(files["deniedPaths"])
    assert not {"/", "/home", "/root"} & {*files["readonlyPaths"], *files["readwritePaths"]}
    assert "/tmp" in files["readwritePaths"]
    assert_never_wider(policy, exported.text)


def assert_never_wider(policy, text):
    before, after = decider(policy), decider(again(text))
    for event in events():
        assert allowed(after, event) <= allowed(before, event), (event, text)


# Random policies of Lictor.

GLOBS = [
    "/a/**",
    "/a/b/**",
    "/a/b/c/**",
    "/d/**",
    "/a/x",
    "/etc/shadow",
    "/a/*",
    "**/.env",
    "~/.ssh/**",
    "${workspace}/**",
    "/**",
]
FILE_SELECTORS = [["exec", "file.open", "file.read"], ["file.read"], ["file.write"], ["file.write", "file.delete", "file.chmod"], ["exec"],
                  ["exec", "file.open", "file.read", "file.write", "file.delete", "file.chmod"], ["file.delete"], ["file.create"]]  # fmt: skip
NET_MATCHES = [{}, {"ip": ["10.0.0.0/8"]}, {"ip": ["10.1.0.0/16"], "protocol": ["tcp"]}, {"port": [443]}, {"net": ["private"]},
               {"net": ["external"]}, {"net": ["loopback"]}, {"protocol": ["udp"], "port": ["1-1000"]}, {"domain": ["a.example"]},
               {"ip": ["2001:db8::/32"]}, {"protocol": ["unix"]}, {"net": ["external"], "ip": ["8.0.0.0/5"]}]  # fmt: skip
DEFAULTS = [
    "exec",
    "file.open",
    "file.read",
    "file.write",
    "file.delete",
    "file.chmod",
    "network",
    "net.connect",
    "net.listen",
    "file.create",
]


def random_policy(r):
    rules = []
    for i in range(r.randint(0, 5)):
        rule = {"id": f"r{i}", "action": r.choice(["allow", "allow", "deny", "audit", "kill", "ask"])}
        if r.random() < 0.6:
            rule |= {"on": r.choice(FILE_SELECTORS), "match": {"path": r.sample(GLOBS, r.randint(1, 2))}}
            if r.random() < 0.3:
                rule["unless"] = {"path": [r.choice(GLOBS)]}
        else:
            rule |= {
                "on": r.choice([["network"], ["net.connect"], ["net.send"], ["net.listen"]]),
                "match": r.choice(NET_MATCHES),
            }
            if r.random() < 0.3:
                rule["unless"] = r.choice([{"ip": ["10.1.0.0/16"]}, {"net": ["private"]}, {"port": [443]}])
        if r.random() < 0.1:
            rule["match"] = {**rule["match"], "exe": ["/bin/x"]}
        rules.append(rule)
    defaults = {name: r.choice(["allow", "deny", "deny"]) for name in DEFAULTS if r.random() < 0.6}
    document = {"lictor": 1, "name": "random", "defaults": defaults, "rules": rules}
    return load_policy(to_yaml(document), "random.yaml")


@pytest.mark.parametrize("seed", range(4))
def test_an_export_is_taken_and_never_wider(seed):
    r = random.Random(seed)
    for _ in range(40):
        policy = random_policy(r)
        exported = EXPORTER.write(policy, frozenset())
        for version in PUBLISHED[::2]:
            assert mxc_judge.answer(exported.text, version)[0] == 0
        assert all(item.outcome in OUTCOMES and (item.why or item.outcome == "exact") for item in exported.items)
        assert_never_wider(policy, exported.text)


@pytest.mark.parametrize("seed", range(4))
def test_what_came_from_mxc_and_is_said_to_be_exact_is_the_same_again(seed):
    r, same = random.Random(seed), 0
    for _ in range(120):
        data = mxc_judge.config(r)
        data["containment"] = "lxc"
        try:
            first = load_policy(to_yaml(DIALECT.read(json.dumps(data), "c.json").document()), "first.yaml")
        except PolicyError:
            continue
        exported = EXPORTER.write(first, frozenset())
        assert_never_wider(first, exported.text)
        inexact = [item for item in exported.items if item.outcome not in ("exact", "setting")]
        if not inexact:
            same += 1
            before, after = decider(first), decider(again(exported.text))
            for event in events():
                assert allowed(before, event) == allowed(after, event), (event, data, exported.text)
    assert same > 5
