"""The model and the published JSON Schema must accept and refuse the same documents; jsonschema is the second opinion."""

from __future__ import annotations

import copy
import json
from importlib import resources

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline import schema
from pipeline.policy.kinds import ACTIONS
from pipeline.policy.model import DOCUMENT, Place, json_schema, schema_text

PUBLISHED = json.loads((resources.files("pipeline.policy") / "schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)

HASH = "0123456789abcdef" * 4
WHOLE = {
    "lictor": 1,
    "name": "whole",
    "description": "all\nof it",
    "include": ["base.yaml"],
    "disable": ["r9"],
    "scope": {"agents": ["*"], "users": ["u"], "hosts": ["h"], "repos": ["r"]},
    "mode": "audit",
    "labels": {"own": ["/own/**"], "other": "/other"},
    "defaults": {"exec": "allow", "network": "deny"},
    "holds": {"limit": "10m", "ask": "release", "freeze": "deny"},
    "on_failure": "open",
    "rules": [
        {
            "id": "r1", "title": "t", "on": ["file.read", "exec"], "match": {"path": ["/a/**"], "exe": "/bin/x", "label": "own", "taint": ["own"]},
            "unless": {"exe": ["/b"]}, "action": "deny", "severity": "high", "because": "b", "instead": "i", "attack": ["T1552.001"],
            "atlas": ["AML.T0051"], "owasp": ["ASI02"], "mode": "audit", "locked": True, "expires": "2027-01-31", "best_effort": True, "origin": "o",
        },
        {
            "id": "r2", "on": "network", "action": "allow",
            "match": {"ip": "10.0.0.0/8", "port": [22, "80-90"], "protocol": "tcp", "net": ["private"], "domain": "*.example.com", "size": ">=10MB"},
        },
        {"id": "r3", "on": "exec", "match": {"exe_hash": HASH, "argv": ["*x*"], "parent": "**/bash", "user": [0, "ci-*"], "rate": "5/60s"}, "action": "ask"},
        {
            "id": "r4", "within": "60s", "by": "process", "action": "isolate",
            "sequence": [{"on": "exec", "count": 2}, {"on": "exit", "not": True, "unless": {"user": 0}}, {"on": ["network"], "match": {"port": 1}}],
        },
    ],
    "tests": [{"event": {"on": "net.connect", "dst_ip": "::1", "dst_port": 80, "protocol": "tcp", "domain": "a.b"}, "expect": "deny", "rule": "r2"},
              {"event": {"on": "file.write", "path": "/a", "intent": ["read", "write"], "bytes": 3}, "expect": "audit"},
              {"event": {"on": "exec", "argv": "x", "parent": "/p", "user": "u", "exe_hash": HASH}, "expect": "freeze"},
              {"events": [{"on": "fork", "child": 2}, {"on": "exec", "process": 2, "after": "5s"}], "expect": "isolate"}],
}  # fmt: skip
BEYOND = (
    "path",
    "exe",
    "parent",
    "labels",
    "own",
    "other",
    "ip",
    "port",
    "domain",
    "size",
    "rate",
    "within",
    "limit",
    "after",
    "expires",
)
"""Keys of which a schema cannot say all: a pattern that parses, an address, a day that there is, a range that runs upwards."""


def model_accepts(data):
    try:
        DOCUMENT.validate_json(json.dumps(data))
    except ValidationError:
        return False
    return True


def test_the_published_schema_is_the_models():
    assert json_schema() == PUBLISHED
    assert (resources.files("pipeline.policy") / "schema.json").read_text() == schema_text()


def test_the_published_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_both_take_a_whole_policy_and_the_smallest():
    for data in (WHOLE, {"lictor": 1, "name": "p"}):
        assert model_accepts(data)
        VALIDATOR.validate(data)


def places(data, here=()):
    yield here
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*here, key))
    if isinstance(data, list):
        for i, value in enumerate(data):
            yield from places(value, (*here, i))


def changed(data, place, value, how):
    """The document with one value replaced, removed, or joined by an unknown key."""
    copied = copy.deepcopy(data)
    if not place:
        return value
    holder = copied
    for part in place[:-1]:
        holder = holder[part]
    if how == "replace":
        holder[place[-1]] = value
    elif how == "remove":
        del holder[place[-1]]
    elif isinstance(holder, dict):
        holder["strange"] = value
    return copied


values = st.sampled_from(
    [None, True, False, 0, 1, 2, 65535, 70000, -1, 1.5, "", "x", "allow", "ask", "80", "90-91", "T1", "10.0.0.0/8", "file.read", "network",
     "file.create", "/p", "audit", "tcp", [], ["/p"], ["x"], [1], {}, {"x": 1}, {"path": "/p"}, "a b", "a" * 1001, "isolate", "unresolved", 60, "60s",
     "40d", "5/s", "0/s", "<1KiB", "<0B", ["/p", 1], "2027-02-30", "2027-01-31T00:00:00Z", "*.x", "*", HASH, HASH.upper(), "process", [{"on": "exec"}],
     [{"on": "exec", "not": False}], {"on": "exec"}, "AML.T0051", {"own": "/x"}, {"OWN": "/x"}, ["T1552"], "a\0b", "quarantine"]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(places(WHOLE), key=str)), values, st.sampled_from(["replace", "remove", "add"]))
def test_both_accept_and_refuse_the_same(place, value, how):
    data = changed(WHOLE, place, value, how)
    accepted = model_accepts(data)
    last_key = next((p for p in reversed(place) if isinstance(p, str)), "")
    if VALIDATOR.is_valid(data):
        assert accepted or last_key in BEYOND or (isinstance(value, dict) and last_key in ("match", "unless"))
    else:
        assert not accepted


@pytest.mark.parametrize("name", ["coding-agent.yaml", "observe.yaml"])
def test_ready_made_policies_fit_the_schema(name, pytestconfig):
    text = (pytestconfig.rootpath / "policies" / name).read_text()
    # BaseLoader gives every scalar as text, without YAML 1.1's words: the version, ports and truths are turned by hand.
    data = yaml.load(text, yaml.BaseLoader)
    VALIDATOR.validate(numbers(data))


def numbers(data):
    if isinstance(data, dict):
        return {k: numbers(v) for k, v in data.items()}
    if isinstance(data, list):
        return [numbers(v) for v in data]
    return int(data) if data.isdecimal() else data


def test_the_vocabulary_is_the_schemas():
    rule = PUBLISHED["$defs"]["Rule"]["properties"]
    assert rule["action"]["enum"] == list(ACTIONS)
    assert rule["on"]["anyOf"][0]["enum"] == list(schema.SELECTORS)
    assert set(ACTIONS) <= set(schema.VERDICTS)


def test_every_key_has_a_meaning_and_examples_in_the_schema():
    shapes = [PUBLISHED, *PUBLISHED["$defs"].values()]
    bare = [
        key
        for shape in shapes
        for key, node in shape["properties"].items()
        if not {"description", "examples"} <= node.keys()
    ]
    assert bare == []


def test_places_say_where():
    assert str(Place("p.yaml", 3, 7)) == "p.yaml:3:7"


def test_values_come_out_in_their_plain_form():
    rules = DOCUMENT.validate_json(json.dumps(WHOLE)).rules
    assert (rules[1].match.size, rules[1].match.port) == ((10**7, 2**63 - 1), ((22, 22), (80, 90)))
    assert (rules[2].match.rate, rules[2].match.user) == ((5, 60 * 10**9), ("0", "ci-*"))
    assert (rules[3].within, [s.not_ for s in rules[3].sequence]) == (60 * 10**9, [False, True, False])
    assert rules[0].expires == "2027-01-31"
