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
from pipeline.policy.model import DOCUMENT, json_schema, schema_text

PUBLISHED = json.loads((resources.files("pipeline.policy") / "schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)

WHOLE = {
    "lictor": 1,
    "name": "whole",
    "scope": {"agents": ["*"], "users": ["u"], "hosts": ["h"], "repos": ["r"]},
    "mode": "audit",
    "defaults": {"exec": "allow", "network": "deny"},
    "rules": [
        {
            "id": "r1", "title": "t", "on": ["file.read", "exec"], "match": {"path": ["/a/**"], "exe": "/bin/x"}, "unless": {"exe": ["/b"]},
            "action": "deny", "severity": "high", "because": "b", "instead": "i", "attack": ["T1552.001"], "best_effort": True,
        },
        {"id": "r2", "on": "network", "match": {"ip": "10.0.0.0/8", "port": [22, "80-90"], "protocol": "tcp", "net": ["private"]}, "action": "allow"},
    ],
    "tests": [{"event": {"on": "net.connect", "dst_ip": "::1", "dst_port": 80, "protocol": "tcp"}, "expect": "deny", "rule": "r2"},
              {"event": {"on": "file.write", "path": "/a", "intent": ["read", "write"]}, "expect": "audit"}],
}  # fmt: skip


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
     "file.create", "/p", "audit", "tcp", [], ["/p"], ["x"], [1], {}, {"x": 1}, {"path": "/p"}, "a b", "a" * 1001]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(places(WHOLE), key=str)), values, st.sampled_from(["replace", "remove", "add"]))
def test_both_accept_and_refuse_the_same(place, value, how):
    data = changed(WHOLE, place, value, how)
    accepted = model_accepts(data)
    # A schema knows neither what a pattern or an address must hold nor that a range runs upwards: there the model may refuse more.
    last_key = next((p for p in reversed(place) if isinstance(p, str)), "")
    if VALIDATOR.is_valid(data):
        assert (
            accepted
            or last_key in ("path", "exe", "ip", "port")
            or (isinstance(value, dict) and last_key in ("match", "unless"))
        )
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
