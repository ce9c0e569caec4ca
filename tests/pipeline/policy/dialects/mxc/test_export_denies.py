"""What becomes of denies in an export."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.mxc.export_denies import write_deny
from pipeline.policy.dialects.mxc.export_draft import Draft
from pipeline.policy.load import load_policy

CLOSED = "exec: deny, file.open: deny, file.read: deny, file.write: deny, file.delete: deny, file.chmod: deny"
READING = "[exec, file.open, file.read]"


def written(rule, accepted=()):
    policy = load_policy(
        f"lictor: 1\nname: p\ndefaults: {{ {CLOSED} }}\nrules:\n- {{ id: r, action: deny, {rule} }}", "p"
    )
    draft = Draft(policy, frozenset(accepted))
    for op in draft.files.opened:
        draft.files.opened[op].append("/a")
    return write_deny(draft, policy.rules[0])[0], draft


@pytest.mark.parametrize(
    ("rule", "outcome", "lists"),
    [
        (f"on: {READING}, match: {{ path: '/a/b/**' }}", "exact", {"readwritePaths": ["/a"], "deniedPaths": ["/a/b"]}),
        ("on: file.read, match: { path: '/a/b/**' }", "narrower", {"readwritePaths": ["/a"], "deniedPaths": ["/a/b"]}),
        (
            "on: [file.write, file.delete, file.chmod], match: { path: '/a/b/**' }",
            "exact",
            {"readwritePaths": ["/a"], "readonlyPaths": ["/a/b"]},
        ),
        (
            "on: file.read, match: { path: '/a/b/*.key' }",
            "narrower",
            {"readwritePaths": ["/a"], "deniedPaths": ["/a/b"]},
        ),
        ("on: file.read, match: { path: '**/.env' }", "wider", {}),
        ("on: exec, match: { argv: '*rm*' }", "wider", {}),
        ("on: net.connect, match: { path: /a/s }", "exact", {"readwritePaths": ["/a"], "deniedPaths": ["/a/s"]}),
    ],
)
def test_files(rule, outcome, lists):
    told, draft = written(rule)
    assert (told, draft.files.lists()) == (outcome, lists)


@pytest.mark.parametrize(
    ("rule", "outcome", "rules"),
    [
        ("on: network, match: { ip: 10.0.0.0/8 }", "exact", [{"to": [{"cidr": "10.0.0.0/8"}]}]),
        ("on: net.connect, match: { ip: 10.0.0.0/8 }", "narrower", [{"to": [{"cidr": "10.0.0.0/8"}]}]),
        ("on: network, match: { domain: a.example }", "wider", [{}]),
        ("on: network", "exact", [{}]),
        ("on: net.listen", "exact", []),
        ("on: fork", "unsupported", []),
    ],
)
def test_network(rule, outcome, rules):
    told, draft = written(rule)
    assert (told, draft.deny) == (outcome, rules)


def test_what_cannot_be_said_is_left_out_once_accepted():
    assert written("on: network, match: { domain: a.example }", ["r"])[1].deny == []
    assert written("on: file.read, match: { path: '**/.env' }", ["r"])[1].files.lists() == {"readwritePaths": ["/a"]}


def test_a_sequence_closes_what_it_ends_with():
    policy = load_policy(
        "lictor: 1\nname: p\nrules:\n- { id: s, sequence: [{ on: file.read, match: { label: credential } }, "
        "{ on: network, match: { net: external } }], within: 60s, by: agent_run, action: isolate }",
        "p",
    )
    draft = Draft(policy, frozenset())
    assert write_deny(draft, policy.rules[0])[0] == "narrower"
    assert [peer["cidr"] for peer in draft.deny[0]["to"]] == ["0.0.0.0/0", "::/0"]
