"""Exports: OpenShell's own checks pass, nothing is wider on the way there and back, and what is called exact is equal."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.combine import STOPPING
from pipeline.policy.dialects.openshell.export import EXPORTER
from pipeline.policy.load import load_policy, read_policies
from pipeline.policy.model import TestEvent
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml
from tests.corpus import ROOT
from tests.pipeline.policy.dialects.openshell_judge import CONTEXT, imported, judge_of, refused

NONE = frozenset()
HARD = "include_workdir-itself"
FILES = sorted((ROOT / "policies" / "openshell").glob("**/*.y*ml"))
READY = sorted((Path(__file__).parents[5] / "policies").glob("*.yaml"))

PATHS = ("/usr/bin/curl", "/etc/hosts", "/tmp", "/tmp/x", "/data", "/data/x", "/w", "/w/x", "/dev/null", "/z")
FILE_OPERATIONS = ("file.read", "file.write", "file.create", "file.delete", "file.mkdir")


def file_events():
    for operation, path in product(FILE_OPERATIONS, PATHS):
        yield {"on": operation, "path": path}
    for path, path_to in product(PATHS[2:7], PATHS[2:7]):
        yield {"on": "file.rename", "path": path, "path_to": path_to}
    for path in PATHS:
        yield {"on": "exec", "path": path, "exe": path}


def net_events():
    names = (None, "a.example.com", "x.a.example.com", "example.com", "b.org")
    for name, ip, port in product(names, ("9.9.9.9", "10.0.0.1", "10.0.0.2", "127.0.0.1"), (443, 6443)):
        yield {"on": "net.connect", "domain": name, "dst_ip": ip, "dst_port": port, "exe": "/usr/bin/curl"}
    for exe, protocol in (("/bin/sh", "tcp"), ("/usr/bin/curl", "udp")):
        for name in names:
            yield {"on": "net.connect", "domain": name, "dst_ip": "10.0.0.1", "dst_port": 443, "exe": exe} | {
                "protocol": protocol
            }


EVENTS = [TestEvent(**e) for e in (*file_events(), *net_events())]


def stopped(judge):
    return [judge.decide(facts_of(e, judge, CONTEXT)).verdict in STOPPING for e in EVENTS]


def wider(policy, text):
    """Events that the policy stops and the exported one, read back, does not."""
    before, after = stopped(judge_of(policy)), stopped(judge_of(imported(text)))
    return [e for e, was, is_ in zip(EVENTS, before, after, strict=True) if was and not is_]


def narrower(policy, text):
    before, after = stopped(judge_of(policy)), stopped(judge_of(imported(text)))
    return [e for e, was, is_ in zip(EVENTS, before, after, strict=True) if is_ and not was]


def written(rules, defaults="file.read: deny, file.write: deny, file.delete: deny, exec: deny, network: deny", head=""):
    text = f"lictor: 1\nname: t\n{head}defaults: {{{defaults}}}\nrules:\n" + "".join(f"  - {r}\n" for r in rules)
    return load_policy(text, "t.yaml")


def outcomes(policy, accepted=NONE):
    return {i.name: i.outcome for i in EXPORTER.write(policy, accepted).items}


ADDED = ["/usr/**", "/lib/**", "/etc/**", "/app/**", "/proc/**", "/tmp/**", "/var/log/**", "/dev/urandom/**"]
BASE = json.dumps({"id": "ro", "on": ["file.read", "exec"], "match": {"path": ADDED}, "action": "allow"})
"""What OpenShell adds to a policy with networks."""


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_what_was_imported_goes_back_and_forth_without_growing(path):
    text = path.read_text()
    if refused(text):
        return
    policy = imported(text)
    for accepted in (NONE, frozenset([HARD])):
        made = EXPORTER.write(policy, accepted)
        assert not refused(made.text)
        grown = wider(policy, made.text)
        assert not [e for e in grown if accepted == NONE or e.path != "/w"]
    found = outcomes(policy, frozenset([HARD]))
    file_rules = {n: o for n, o in found.items() if n.startswith(("read_", "include_")) and n != HARD}
    assert set(file_rules.values()) <= {"exact"}, file_rules


@pytest.mark.parametrize("path", READY, ids=lambda p: p.stem)
def test_ready_made_policies_are_written_and_are_not_wider(path):
    (policy,) = read_policies([path])
    made = EXPORTER.write(policy, NONE)
    assert not refused(made.text)
    assert {i.name for i in made.items} >= {r.id for r in policy.rules}
    assert not wider(policy, made.text)


def test_ready_made_policies_are_there():
    assert READY


def test_exact_all_the_way():
    one = "match: {domain: '*.example.com', port: 443, protocol: tcp, ip: 9.0.0.0/8}, action: allow}"
    rules = [
        json.dumps({"id": "read", "on": ["file.read"], "match": {"path": ADDED}, "action": "allow"}),
        json.dumps({"id": "run", "on": ["exec"], "match": {"exe": ADDED}, "action": "allow"}),
        "{id: named, on: net.connect, " + one,
        "{id: address, on: net.connect, match: {ip: 10.0.0.1, port: [80, 443], protocol: tcp}, action: allow}",
    ]
    policy = written(rules)
    made = EXPORTER.write(policy, NONE)
    assert {i.outcome for i in made.items if not i.name.startswith("default:")} == {"exact", "setting"}
    assert not wider(policy, made.text)
    assert not narrower(policy, made.text)


def test_no_listed_path_would_lift_all_file_limits():
    made = yaml.safe_load(EXPORTER.write(written(["{id: a, on: exec, action: deny}"]), NONE).text)
    assert made["filesystem_policy"] == {"include_workdir": False, "read_only": ["/nonexistent"]}
    assert made["landlock"] == {"compatibility": "hard_requirement"}


def test_networks_are_left_out_where_the_paths_that_openshell_adds_are_not_allowed():
    rule = "{id: n, on: net.connect, match: {ip: 10.0.0.1, port: 443, protocol: tcp}, action: allow}"
    policy = written([rule])
    assert outcomes(policy)["n"] == "wider"
    assert "network_policies" not in EXPORTER.write(policy, NONE).text
    assert "network_policies" in EXPORTER.write(policy, frozenset(["n"])).text


def test_what_a_rule_stops_keeps_folders_off_the_list_until_it_is_given_up():
    rules = [
        "{id: data, on: [file.read, exec], match: {path: /data/**}, action: allow}",
        "{id: opt, on: [file.read, exec], match: {path: /opt/**}, action: allow}",
        "{id: stop, on: file.read, match: {path: /data/secret}, action: deny}",
    ]
    policy = written(rules)
    made = EXPORTER.write(policy, NONE)
    assert yaml.safe_load(made.text)["filesystem_policy"]["read_only"] == ["/opt"]
    assert outcomes(policy) | {"data": "unsupported", "opt": "narrower", "stop": "wider"} == outcomes(policy)
    given = yaml.safe_load(EXPORTER.write(policy, frozenset(["stop"])).text)
    assert given["filesystem_policy"]["read_only"] == ["/data", "/opt"]


def test_a_rule_for_one_program_would_also_allow_what_that_starts():
    rule = (
        "{id: n, on: net.connect, match: {ip: 10.0.0.1, port: 443, protocol: tcp, exe: /usr/bin/curl}, action: allow}"
    )
    policy = written([BASE, rule])
    assert outcomes(policy)["n"] == "wider"
    text = EXPORTER.write(policy, frozenset(["n"])).text
    assert yaml.safe_load(text)["network_policies"]["n"]["binaries"] == [{"path": "/usr/bin/curl"}]


def test_endpoints_that_openshell_refuses_side_by_side_are_not_both_written():
    rules = [
        BASE,
        "{id: a, on: net.connect, match: {ip: 10.0.0.0/8, port: 443, protocol: tcp}, action: allow}",
        "{id: b, on: net.connect, match: {domain: b.org, port: 443, protocol: tcp}, action: allow}",
    ]
    made = EXPORTER.write(written(rules), NONE)
    assert list(yaml.safe_load(made.text)["network_policies"]) == ["a"]
    assert outcomes(written(rules))["b"] == "unsupported"
    assert not refused(made.text)


RULE = st.fixed_dictionaries(
    {
        "on": st.sampled_from(
            [["file.read"], ["exec"], ["file.read", "exec"], ["file.read", "exec", "file.write", "file.delete"]]
        ),
        "match": st.sampled_from(
            [
                {"path": ["/data/**"]},
                {"path": ["/tmp/**"]},
                {"path": ["/usr/**", "/lib/**", "/etc/**", "/app/**", "/var/log/**", "/proc/**", "/dev/urandom/**"]},
                {"path": ["${workspace}/**"]},
                {"path": ["/data/x"]},
                {"path": ["/tmp"]},
                {"path": ["**/x"]},
                {"path": ["/usr/*/curl"]},
                {"path": ["/**"]},
                {"label": ["credential"]},
                {"user": ["u"]},
                {},
            ]
        ),
        "action": st.sampled_from(["allow", "allow", "allow", "audit", "deny", "ask", "kill"]),
    },
    optional={
        "unless": st.sampled_from([{"path": ["/data"]}, {"path": ["/tmp/x"]}, {"exe": ["/bin/sh"]}]),
        "expires": st.just("2099-01-01"),
    },
)
NETRULE = st.fixed_dictionaries(
    {
        "on": st.sampled_from([["net.connect"], ["network"]]),
        "match": st.fixed_dictionaries(
            {},
            optional={
                "domain": st.sampled_from([["a.example.com"], ["*.example.com"], ["b.org", "*.org"]]),
                "ip": st.sampled_from([["10.0.0.1"], ["10.0.0.0/8", "9.9.9.9"], ["0.0.0.0/0"]]),
                "port": st.sampled_from([[443], ["80-90"], [443, 6443], ["0-65535"]]),
                "protocol": st.sampled_from([["tcp"], ["udp"]]),
                "exe": st.sampled_from([["/usr/bin/curl"], ["/usr/bin/*"], ["/**"]]),
                "net": st.just(["external"]),
            },
        ),
        "action": st.sampled_from(["allow", "allow", "allow", "audit", "deny"]),
    },
    optional={"unless": st.sampled_from([{"ip": ["127.0.0.0/8"]}, {"ip": ["10.0.0.2"]}])},
)
DEFAULTS = st.dictionaries(
    st.sampled_from(["file.read", "file.write", "file.delete", "exec", "network", "file.create"]),
    st.sampled_from(["allow", "audit", "deny", "deny"]),
)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.one_of(RULE, NETRULE), max_size=5), DEFAULTS, st.booleans())
def test_no_export_is_wider_than_its_policy(rules, defaults, base):
    named = [{"id": f"r{i}", **rule} for i, rule in enumerate(rules)]
    added = [json.loads(BASE)] if base else []
    document = {"lictor": 1, "name": "t", "defaults": defaults, "rules": [*added, *named]}
    policy = load_policy(to_yaml(document), "t.yaml")
    made = EXPORTER.write(policy, NONE)
    assert not refused(made.text), made.text
    assert [i.name for i in made.items if i.name.startswith("r")] == [
        r.id for r in policy.rules if r.id.startswith("r")
    ]
    assert not wider(policy, made.text), made.text


def test_a_rule_that_stops_some_connections_keeps_what_it_touches_out():
    rules = [
        BASE,
        "{id: all, on: net.connect, match: {ip: 10.0.0.0/8, port: 443, protocol: tcp}, action: allow}",
        "{id: other, on: net.connect, match: {ip: 11.0.0.0/8, port: 80, protocol: tcp}, action: allow}",
        "{id: stop, on: network, match: {ip: 10.0.0.5, port: 443}, action: deny}",
    ]
    policy = written(rules)
    assert list(yaml.safe_load(EXPORTER.write(policy, NONE).text)["network_policies"]) == ["other"]
    assert outcomes(policy) | {"all": "unsupported", "other": "exact", "stop": "wider"} == outcomes(policy)
    given = EXPORTER.write(policy, frozenset(["stop"]))
    assert list(yaml.safe_load(given.text)["network_policies"]) == ["all", "other"]
