"""Parts of rules about files; whole rules are in test_srt_export_rules.py."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.srt.export_files import (
    allowed_reads,
    allowed_writes,
    denied_reads,
    denied_writes,
    given,
    lifts,
    match_entries,
)
from pipeline.policy.dialects.srt.export_lists import Lists
from pipeline.policy.dialects.srt.export_paths import Entry
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml


def policy(*rules, **defaults):
    document = {"lictor": 1, "name": "p", "defaults": {k.replace("_", "."): v for k, v in defaults.items()}}
    return load_policy(to_yaml({**document, "rules": [{"id": f"r{i}", **r} for i, r in enumerate(rules)]}), "p")


def test_what_a_match_has():
    rule = policy({"on": "file.read", "match": {"path": "/x", "label": "credential"}, "action": "deny"}).rules[0]
    assert given(rule.match) == {"path", "label"}
    assert given(None) == set()


def test_paths_go_before_labels():
    found = policy(
        {"on": "file.read", "match": {"path": "/x"}, "action": "deny"},
        {"on": "file.read", "match": {"label": "credential"}, "action": "deny"},
    )
    assert match_entries(found, found.rules[0].match) == [Entry("/x")]
    assert any(e.entry == "~/.age" for e in match_entries(found, found.rules[1].match))


@pytest.mark.parametrize(("path", "is_lifting"), [("/a/b/**", True), ("/c/**", False), ("/**", False)])
def test_what_would_lift_another_deny(path, is_lifting):
    found = policy({"on": "file.read", "match": {"path": "/a/**"}, "action": "deny"})
    (entry,) = match_entries(found, policy({"on": "exec", "match": {"path": path}, "action": "deny"}).rules[0].match)
    assert lifts(found, entry, None) is is_lifting
    assert lifts(found, entry, 0) is False


def test_exceptions_of_an_allow_are_denied():
    found = policy(
        {"on": ["file.write"], "match": {"path": "/a/**"}, "unless": {"path": "/a/b/**"}, "action": "allow"},
        file_write="deny",
    )
    lists = Lists()
    assert {o for o, _ in allowed_writes(found, found.rules[0], lists, all_of_it=True, accepted=False)} == {
        "narrower",
        "exact",
    }
    assert (lists.allow_write, lists.deny_write) == (["/a"], ["/a/b"])


def test_parts_of_a_deny_and_of_an_allow_that_needs_nothing():
    found = policy({"on": "file.read", "action": "deny"}, {"on": "file.read", "action": "allow"})
    lists = Lists()
    assert list(denied_reads(found, 0, found.rules[0], lists)) == [("exact", "")]
    assert lists.deny_read == ["/"]
    assert list(denied_writes(found, found.rules[0], {"file.write"}, lists)) == [("exact", "")]
    assert list(allowed_reads(found, found.rules[1], lists, accepted=False)) == [("exact", "")]
