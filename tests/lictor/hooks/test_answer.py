"""Answers of a policy of the test's own."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from lictor.hooks.answer import ADDRESSES, Policies
from lictor.hooks.interface import Act, Acts
from pipeline.policy.compile import compile_policies
from pipeline.policy.context import RunContext
from pipeline.policy.load import load_policy
from tests.lictor.hooks.conftest import POLICY

CONTEXT = RunContext("/h/repo", "/h", {}, "dev", "box", "claude-code")
KEY = Act("file.read", "/h/.ssh/id_rsa", exe="/usr/bin/cat", intent=("read",))
SETTINGS = Act("file.write", "/h/repo/settings.json", intent=("write",))
WORK = Act("file.write", "/h/repo/a", intent=("write",))
OUTSIDE = Act("file.create", "/etc/x", intent=("write", "create"))


def policies(text: str = POLICY, mode: str | None = None) -> Policies:
    return Policies(compile_policies([load_policy(text, "p.yaml")], CONTEXT, mode=mode), "dev")


def kind(*acts: Act, text: str = POLICY, may_allow: bool = False, complete: bool = True) -> str:
    return policies(text).answer(Acts(acts, complete), may_allow=may_allow).kind


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([KEY], "deny"),
        ([SETTINGS], "ask"),
        ([WORK], "none"),
        ([OUTSIDE], "deny"),
        ([], "none"),
        ([WORK, SETTINGS], "ask"),
        ([SETTINGS, KEY, WORK], "deny"),
        ([Act("exec", "/x/planner", exe="/x/planner")], "deny"),
        ([Act("exec", "/x/lister", exe="/x/lister")], "none"),
        ([Act("exec", "/x/tried", exe="/x/tried")], "none"),
        ([Act("exec", "/x/git", exe="/x/git", argv="git push origin --force")], "deny"),
        ([Act("net.connect", domain="docs.example.com", port=443)], "none"),
        ([Act("net.connect", domain="docs.example.com", port=80)], "deny"),
        ([Act("net.connect", domain="a.b.example.org", port=443)], "none"),
        ([Act("net.connect", domain="other.example", port=443)], "deny"),
        ([Act("net.connect", ip="8.8.8.8", port=443)], "deny"),
    ],
)
def test_the_strongest_verdict_is_the_answer(acts, expected):
    assert kind(*acts) == expected


def test_the_reason_says_what_by_which_rule_why_and_what_instead():
    reason = policies().answer(Acts((WORK, KEY)), may_allow=False).reason
    assert (
        reason == "Lictor: deny file.read /h/.ssh/id_rsa (keys of house). Keys are private. Instead: Ask for a token."
    )
    assert "default:file.write of house" in policies().answer(Acts((OUTSIDE,)), may_allow=False).reason


def test_a_policy_in_audit_mode_stops_nothing():
    assert policies(mode="audit").answer(Acts((KEY,)), may_allow=True).kind == "none"


def test_allow_is_said_only_where_asked_for_and_all_is_known_and_a_rule_says_so():
    assert kind(WORK, may_allow=True) == "allow"
    assert kind(WORK, may_allow=False) == "none"
    assert kind(WORK, may_allow=True, complete=False) == "none"
    assert kind(may_allow=True) == "none"
    nobody = Act("file.read", "/h/repo/a", intent=("read",))
    assert kind(nobody, may_allow=True) == "none"
    assert kind(WORK, nobody, may_allow=True) == "none"


NETS = """\
lictor: 1
name: nets
defaults: {{ network: {default} }}
rules:
  - {{ id: r, on: network, match: {{ {match} }}, action: {action} }}
"""


@pytest.mark.parametrize(
    ("default", "match", "action", "expected"),
    [
        ("deny", "net: external, port: 443", "allow", "none"),
        ("deny", "net: private", "allow", "none"),
        ("deny", "ip: 203.0.113.0/24", "allow", "none"),
        ("deny", "port: 80", "allow", "deny"),
        ("allow", "net: external", "deny", "none"),
        ("allow", "ip: 203.0.113.0/24", "deny", "none"),
        ("allow", "net: [external, private, loopback]", "deny", "deny"),
        ("allow", "ip: [0.0.0.0/0, '::/0']", "ask", "ask"),
        ("allow", "net: unresolved", "deny", "none"),
    ],
)
def test_a_host_by_name_is_stopped_only_where_each_address_would_be(default, match, action, expected):
    text = NETS.format(default=default, match=match, action=action)
    assert kind(Act("net.connect", domain="a.example", port=443), text=text) == expected


def test_there_is_an_address_of_each_kind():
    for word in ("loopback", "private", "external"):
        text = NETS.format(default="allow", match=f"net: {word}", action="deny")
        assert sum(kind(Act("net.connect", ip=a, port=1), text=text) == "deny" for a in ADDRESSES) == 2


def test_a_program_is_hashed_where_a_rule_looks_at_hashes(tmp_path):
    program = tmp_path / "p"
    program.write_bytes(b"program")
    digest = hashlib.sha256(b"program").hexdigest()
    text = f"lictor: 1\nname: h\nrules:\n  - {{ id: h, on: exec, match: {{ exe_hash: {digest} }}, action: deny }}\n"
    act = Act("exec", str(program), exe=str(program))
    assert kind(act, text=text) == "deny"
    program.write_bytes(b"other")
    assert kind(act, text=text) == "none"
    assert kind(replace(act, exe="/nonexistent"), text=text) == "none"


def test_a_name_on_disk_that_is_no_utf8_is_judged():
    assert kind(Act("file.read", "/h/.ssh/\udcff", intent=("read",))) == "deny"


def test_the_user_counts():
    text = "lictor: 1\nname: u\nrules:\n  - { id: u, on: exec, match: { user: dev }, action: deny }\n"
    assert kind(Act("exec", "/x", exe="/x"), text=text) == "deny"
