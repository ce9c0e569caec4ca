"""What an event is called in a rule's keys, and that a rule with those keys matches it, wherever the rule is on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.analysis.event_keys import EventKeys
from pipeline.policy.analysis.samples import filled
from pipeline.policy.decide import groups
from pipeline.policy.model import TestEvent


def ways(world, event, name=None, on=()):
    return EventKeys(event, world.context).ways(name, on)


def test_the_narrowest_comes_first(world):
    event = TestEvent(on="net.connect", dst_ip="8.8.8.8", dst_port=53, domain="dns.google", exe="/y", protocol="tcp")
    what = [
        {"domain": "dns.google", "port": 53},
        {"ip": "8.8.8.8", "port": 53},
        {"domain": "dns.google"},
        {"ip": "8.8.8.8"},
        {"port": 53},
    ]
    assert ways(world, event) == [*({"exe": "/y"} | w for w in what), *what, {"exe": "/y"}]


def test_where_this_machine_serves_it_is_its_own_end_that_tells(world):
    event = TestEvent(on="net.bind", src_ip="0.0.0.0", src_port=80, dst_ip="8.8.8.8")
    assert ways(world, event) == [{"ip": "0.0.0.0", "port": 80}, {"ip": "0.0.0.0"}, {"port": 80}]


def test_a_program_that_is_started_is_told_by_its_path_and_its_command_line(world):
    event = TestEvent(on="exec", path="/bin/[", exe="/bin/[", argv=r"[ -f * ] \x")
    told = r"[ -f \* ] \\x"
    assert ways(world, event, "/bin/[") == [
        {"argv": told, "path": r"/bin/\["}, {"argv": told, "path": "/bin/**"}, {"path": r"/bin/\["}, {"path": "/bin/**"}, {"argv": told},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/home/u/w/a b", [{"path": "${workspace}/a b"}, {"path": "${workspace}/**"}]),
        ("/home/u/x", [{"path": "~/x"}, {"path": "~/**"}]),
        ("/home/u", [{"path": "~"}, {"path": "/home/**"}]),
        ("/x", [{"path": "/x"}]),
        ("run", []),
        (None, []),
    ],
)
def test_paths_begin_at_the_workspace_or_the_home_folder(world, name, expected):
    assert ways(world, TestEvent(on="file.read"), name) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (["exec"], [{"argv": "x y", "path": "/x"}, {"path": "/x"}, {"argv": "x y"}]),
        (["exec", "file.create"], [{"path": "/x"}]),
        (["file.create", "network", "exec"], [{"path": "/x"}]),
        (["exec", "fork"], []),
    ],
)
def test_keys_are_those_of_all_selectors(world, on, expected):
    assert ways(world, TestEvent(on="exec", path="/x", argv="x y"), "/x", on) == expected


@given(st.randoms(use_true_random=False))
def test_a_rule_with_them_is_one_and_matches_the_event(world, rng):
    event = world.event(rng)
    own = groups(event.on, frozenset())[0]
    on = list(dict.fromkeys([own[0], *rng.sample(schema.SELECTORS, rng.choice([0, 0, 1, 2]))]))
    named = [keys for keys in ways(world, event, event.path, on) if event.protocol != "unix" or "path" in keys]
    for keys in named:  # of unix sockets only a rule speaks that names them
        rule = {"id": "r", "on": on, "match": keys, "action": "kill"}
        asked = world.asked(world.load({"lictor": 1, "name": "p", "rules": [rule]}))
        assert asked.decide(filled(event, world.context)).rule == "r", keys
