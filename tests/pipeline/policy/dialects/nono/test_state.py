"""What a profile stands on, worked out once."""

from __future__ import annotations

import json

from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.nono.files import DEFAULTS
from pipeline.policy.dialects.nono.network import CLOSED
from pipeline.policy.dialects.nono.parts import Part
from pipeline.policy.dialects.nono.state import State, label_of, shown


def state(**data):
    return State(read_json(json.dumps({"meta": {"name": "x"}, **data}), "p"))


def test_defaults():
    assert state().defaults == DEFAULTS
    assert state(network={"block": True}).defaults == DEFAULTS | CLOSED
    assert state(extends="team/x").defaults == DEFAULTS | CLOSED
    assert state(extends="rust-dev").defaults == DEFAULTS | CLOSED
    assert state(extends="rust-dev", network={"network_profile": None}).defaults == DEFAULTS


def test_a_bypass_counts_with_a_grant_of_the_profile_only():
    assert state(filesystem={"bypass_protection": ["~/.ssh"]})._bypassed == []
    granted = state(filesystem={"bypass_protection": ["~/.ssh/config"], "read": ["~/.ssh"]})
    assert granted._bypassed == ["${HOME}/.ssh/config"]


def test_access_to_the_workspace():
    assert state()._access() == "none"
    assert state(extends=["openclaw", "rust-dev"])._access() == "readwrite"
    assert state(extends="rust-dev", workdir={"access": "read"})._access() == "read"
    assert state(extends="rust-dev", workdir={"access": "none"})._access() == "readwrite"


def test_names():
    part = Part(("filesystem", "read"), "/a", ("filesystem", "read", 3))
    assert (label_of(part), shown(part)) == ("filesystem.read.3", "read /a")
