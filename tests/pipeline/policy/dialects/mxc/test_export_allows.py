"""What becomes of allows in an export."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.mxc.export_allows import write_allow
from pipeline.policy.dialects.mxc.export_draft import Draft
from pipeline.policy.load import load_policy

CLOSED = (
    "exec: deny, file.open: deny, file.read: deny, file.write: deny, file.delete: deny, file.chmod: deny, network: deny"
)
READING = "[exec, file.open, file.read]"


def outcome(rule, defaults=CLOSED, accepted=()):
    policy = load_policy(
        f"lictor: 1\nname: p\ndefaults: {{ {defaults} }}\nrules:\n- {{ id: r, action: allow, {rule} }}", "p"
    )
    draft = Draft(policy, frozenset(accepted))
    return write_allow(draft, policy.rules[0])[0], draft


@pytest.mark.parametrize(
    ("rule", "defaults", "found"),
    [
        (f"on: {READING}, match: {{ path: '/a/**' }}", CLOSED, "exact"),
        ("on: file.read, match: { path: '/a/**' }", CLOSED, "narrower"),
        (f"on: {READING}, match: {{ path: /a }}", CLOSED, "wider"),
        (f"on: {READING}, match: {{ path: '/a/*' }}", CLOSED, "narrower"),
        ("on: file.read, match: { path: '/a/*' }", "network: deny", "exact"),
        ("on: network, match: { ip: 10.0.0.0/8 }", CLOSED, "exact"),
        ("on: network, match: { port: 443 }", CLOSED, "narrower"),
        ("on: net.connect, match: { ip: 10.0.0.0/8 }", CLOSED, "narrower"),
        ("on: net.connect, match: { ip: 10.0.0.0/8, protocol: tcp }", CLOSED, "exact"),
        ("on: network, match: { domain: a.example }", CLOSED, "narrower"),
        ("on: net.listen", CLOSED, "narrower"),
    ],
)
def test_outcomes(rule, defaults, found):
    assert outcome(rule, defaults)[0] == found


def test_writing_needs_reading_beside_it():
    rule = "on: [file.write, file.delete, file.chmod], match: { path: '/a/**' }"
    assert outcome(rule)[0] == "narrower"
    assert outcome(rule, CLOSED.replace("exec: deny, file.open: deny, file.read: deny, ", ""))[0] == "exact"


def test_single_files_are_opened_once_accepted():
    rule = f"on: {READING}, match: {{ path: /a }}"
    assert outcome(rule)[1].files.lists() == {}
    told, draft = outcome(rule, accepted=["r"])
    assert (told, draft.files.lists()) == ("wider", {"readonlyPaths": ["/a"]})
