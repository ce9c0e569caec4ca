from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.policy.analysis import differences


def rules(world, on, old, new, **more):
    written = [{"id": n, "on": on, "action": "deny", **m, **more} for n, m in (("old", old), ("new", new))]
    asked = world.asked(world.load(json.dumps({"lictor": 1, "name": "p", "rules": written})))
    return asked, asked.rule("old"), asked.rule("new")


@pytest.mark.parametrize(
    ("on", "old", "new"),
    [
        ("file.read", {"match": {"path": ["/a/**", "/b/**"]}}, {"match": {"path": ["/a/*", "/b/**"]}}),
        ("file.read", {"match": {"path": "/a/*"}}, {"match": {"path": "/a/*.c"}}),
        ("file.read", {"match": {"exe": ["/x", "/y"]}}, {"match": {"exe": "/x"}}),
        ("network", {"match": {"port": "1-100"}}, {"match": {"port": "1-99"}}),
        ("network", {"match": {"ip": "10.0.0.0/8"}}, {"match": {"ip": "10.0.0.0/9"}}),
        ("network", {"match": {"net": ["private", "external"]}}, {"match": {"net": "private"}}),
        ("network", {"match": {"port": 1}}, {"match": {"port": 1, "ip": "10.0.0.0/8"}}),
        ("network", {"match": {"protocol": ["tcp", "udp"]}}, {"match": {"protocol": "tcp"}}),
        ("file.read", {"match": {"path": "/a"}}, {"match": {"path": "/a"}, "unless": {"exe": ["/q/w"]}}),
        ("file.read", {"match": {"path": "/a"}, "unless": {"exe": "/x"}}, {"match": {"path": "/a"}, "unless": {"exe": ["/x", "/q/w"]}}),
    ],
)  # fmt: skip
def test_an_event_of_the_one_and_not_of_the_other_is_among_them(world, on, old, new):
    asked, one, two = rules(world, on, old, new)
    for a, b in ((one, two), (two, one)):
        assert any(asked.matches(one, e) and not asked.matches(two, e) for e in differences.events(a, b))


def test_operations_that_one_has_alone_are_tried(world):
    asked, one, two = rules(world, "file.read", {}, {})
    wider = replace(one, on=frozenset({"file.read", "file.delete"}))
    assert any(e.on == "file.delete" for e in differences.events(wider, two))
    assert asked.program


def test_a_rule_alone_gets_its_own_samples(world):
    asked, one, _ = rules(world, "file.read", {"match": {"path": "/a"}}, {})
    assert all(asked.matches(one, event) for event in differences.events(None, one))
    assert list(differences.events(one, None))
