"""Single rules in srt's lists."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.srt.export import EXPORTER
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml

CLOSED = {"file.write": "deny", "file.delete": "deny", "file.chmod": "deny", "network": "deny", "net.bind": "deny"}
WRITES = ["file.write", "file.delete", "file.chmod"]


def export(rule, defaults=None, accepted=()):
    document = {"lictor": 1, "name": "p", "defaults": CLOSED if defaults is None else defaults}
    rules = rule if isinstance(rule, list) else [rule]
    document["rules"] = [{"id": f"r{i}", **one} for i, one in enumerate(rules)]
    found = EXPORTER.write(load_policy(to_yaml(document), "p"), frozenset(accepted))
    return {i.name: i.outcome for i in found.items}, json.loads(found.text)


@pytest.mark.parametrize(
    ("rule", "outcome", "place", "entries"),
    [
        ({"on": "file.read", "match": {"path": "/x/**"}, "action": "deny"}, "exact", ("filesystem", "denyRead"), ["/x"]),
        ({"on": "file.read", "match": {"path": "/x"}, "action": "kill"}, "narrower", ("filesystem", "denyRead"), ["/x"]),
        ({"on": "file.read", "match": {"path": "**/k"}, "action": "deny"}, "wider", ("filesystem", "denyRead"), ["**/k", "/**/k"]),
        ({"on": "file.read", "match": {"path": "/x/**", "exe": "/y"}, "action": "deny"}, "narrower", ("filesystem", "denyRead"), ["/x"]),
        ({"on": "file.read", "match": {"exe": "/y"}, "action": "deny"}, "unsupported", ("filesystem", "denyRead"), []),
        ({"on": "file.read", "match": {"label": "own"}, "action": "deny"}, "exact", ("filesystem", "denyRead"), ["/l"]),
        ({"on": "file.read", "match": {"path": "/x/**"}, "action": "ask"}, "narrower", ("filesystem", "denyRead"), ["/x"]),
        ({"on": "file.write", "match": {"path": "/x/**"}, "action": "deny"}, "exact", ("filesystem", "denyWrite"), ["/x"]),
        ({"on": "file.delete", "match": {"path": "/x/**"}, "action": "deny"}, "unsupported", ("filesystem", "denyWrite"), []),
        ({"on": "file.write", "match": {"path": "**/.bashrc"}, "action": "deny"}, "wider", ("filesystem", "denyWrite"), ["**/.bashrc"]),
        ({"on": WRITES, "match": {"path": "/x/**"}, "action": "allow"}, "exact", ("filesystem", "allowWrite"), ["/x"]),
        ({"on": WRITES, "match": {"path": "/x"}, "action": "allow"}, "wider", ("filesystem", "allowWrite"), []),
        ({"on": WRITES, "match": {"path": "/dev/null"}, "action": "allow"}, "exact", ("filesystem", "allowWrite"), []),
        ({"on": ["file.write"], "match": {"path": "/x/**"}, "action": "allow"}, "wider", ("filesystem", "allowWrite"), []),
        ({"on": WRITES, "match": {"path": "/x/*.py"}, "action": "allow"}, "narrower", ("filesystem", "allowWrite"), ["/x/*.py"]),
        ({"on": "network", "match": {"domain": "a.org"}, "action": "allow"}, "exact", ("network", "allowedDomains"), ["a.org"]),
        ({"on": "network", "match": {"domain": "a"}, "action": "allow"}, "narrower", ("network", "allowedDomains"), []),
        ({"on": "network", "match": {"net": "external"}, "action": "deny"}, "narrower", ("network", "deniedDomains"), ["*"]),
        ({"on": "network", "match": {"port": 22}, "action": "deny"}, "exact", ("network", "deniedDomains"), ["*:22"]),
        ({"on": "network", "match": {"user": "x"}, "action": "deny"}, "unsupported", ("network", "deniedDomains"), []),
        ({"on": "exec", "match": {"path": "/x"}, "action": "deny"}, "unsupported", ("filesystem", "denyRead"), []),
        ({"on": "exec", "action": "allow"}, "exact", ("filesystem", "denyRead"), []),
        ({"on": "file.read", "match": {"path": "/x/**"}, "action": "deny", "mode": "audit"}, "setting", ("filesystem", "denyRead"), []),
        ({"on": "file.read", "match": {"taint": "credential"}, "action": "deny"}, "unsupported", ("filesystem", "denyRead"), []),
    ],
)  # fmt: skip
def test_rules(rule, outcome, place, entries):
    document = {
        "lictor": 1,
        "name": "p",
        "defaults": CLOSED,
        "labels": {"own": ["/l/**"]},
        "rules": [{"id": "r0", **rule}],
    }
    found = EXPORTER.write(load_policy(to_yaml(document), "p"), frozenset())
    item = next(i for i in found.items if i.name == "r0")
    assert (item.outcome, item.pointer) == (outcome, "/rules/0")
    assert json.loads(found.text)[place[0]][place[1]] == entries
    assert item.why or outcome == "exact"


def test_an_exception_is_left_out_where_it_would_lift_another_rule():
    denies = [
        {"on": "file.read", "match": {"path": "/a/**"}, "unless": {"path": "/a/b/c/**"}, "action": "deny"},
        {"on": "file.read", "match": {"path": "/a/b/**"}, "action": "deny"},
    ]
    outcomes, data = export(denies)
    assert outcomes["r0"] == "narrower"
    assert "allowRead" not in data["filesystem"]
    outcomes, data = export(denies[:1])
    assert outcomes["r0"] == "exact"
    assert data["filesystem"]["allowRead"] == ["/a/b/c"]


def test_a_closed_default_for_reading_is_opened_again():
    outcomes, data = export(
        {"on": "file.read", "match": {"path": "/usr/**"}, "action": "allow"}, {**CLOSED, "file.read": "deny"}
    )
    assert outcomes["r0"] == "exact"
    assert (data["filesystem"]["denyRead"], data["filesystem"]["allowRead"]) == (["/"], ["/usr"])


def test_local_ports_and_sequences():
    bind = {"on": "net.bind", "match": {"net": "loopback"}, "action": "allow"}
    assert "allowLocalBinding" not in export(bind)[1]["network"]
    assert export(bind, accepted=["r0"])[1]["network"]["allowLocalBinding"] is True
    steps = [{"on": "file.read"}, {"on": "net.connect"}]
    assert export({"sequence": steps, "within": "1s", "action": "deny"})[0]["r0"] == "unsupported"
