"""Defaults of a policy in srt."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.srt.export_defaults import default_items, is_open
from pipeline.policy.dialects.srt.export_lists import Lists
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml


def policy(defaults, mode="enforce"):
    return load_policy(to_yaml({"lictor": 1, "name": "p", "mode": mode, "defaults": defaults}), "p")


@pytest.mark.parametrize(
    ("defaults", "name", "outcome", "lists"),
    [
        ({}, "default:file.write", "narrower", {"allow_write": ["/"]}),
        ({}, "default:network", "narrower", {}),
        ({"file.write": "deny"}, "default:file.write", "exact", {}),
        ({"file.write": "ask"}, "default:file.write", "narrower", {}),
        ({"file.read": "deny"}, "default:file.read", "exact", {"deny_read": ["/"]}),
        ({"file.delete": "deny"}, "default:file.delete", "unsupported", {}),
        ({"file.write": "deny", "file.delete": "allow"}, "default:file.delete", "narrower", {}),
        ({"network": "deny"}, "default:network", "exact", {}),
        ({"exec": "deny"}, "default:exec", "unsupported", {}),
        ({"net.bind": "deny"}, "default:net.bind", "exact", {}),
    ],
)
def test_defaults(defaults, name, outcome, lists):
    made = Lists()
    items = {i.name: i.outcome for i in default_items(policy(defaults), made)}
    assert items[name] == outcome
    for key, value in lists.items():
        assert getattr(made, key) == value


def test_a_policy_that_only_records_is_told_so():
    items = list(default_items(policy({}, "audit"), Lists()))
    assert items[-1].name == "mode"
    assert items[-1].outcome == "narrower"


def test_what_is_open():
    assert is_open(policy({"exec": "audit"}), "exec", "file.read")
    assert not is_open(policy({"exec": "ask"}), "exec")
