"""Matches as hosts of srt; its own check of entries is asked in test_srt_export.py."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.srt.export_network import hosts, ports_of, without
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml


def match(**keys):
    rule = {"id": "r", "on": "network", "match": keys, "action": "allow"}
    return load_policy(to_yaml({"lictor": 1, "name": "p", "rules": [rule]}), "p").rules[0].match


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"domain": ["a.org", "*.com"]}, (["a.org"], [], False)),
        ({"domain": "a.org", "port": "80-81"}, (["a.org:80", "a.org:81"], [], True)),
        ({"ip": ["10.0.0.1", "::1", "10.0.0.0/8"]}, (["10.0.0.1", "[::1]"], ["10.0.0.0/8"], True)),
        ({"domain": "a.org", "port": "1-1000"}, ([], [], False)),
    ],
)
def test_hosts(keys, found):
    assert hosts(match(**keys)) == found


def test_ports():
    assert ports_of([(80, 82), (443, 443)]) == [80, 81, 82, 443]
    assert ports_of([(0, 1)]) is None


@pytest.mark.parametrize(
    ("allowed", "domains", "networks", "left"),
    [
        (["a.org", "*.a.org"], ["*.a.org"], [], ["a.org"]),
        (["x.a.org:443"], ["*.a.org"], [], []),
        (["10.0.0.1", "a.org"], [], ["10.0.0.0/8"], ["a.org"]),
        (["[::1]:80"], [], ["::1/128"], []),
    ],
)
def test_what_a_deny_takes_away(allowed, domains, networks, left):
    assert without(allowed, domains, networks) == left
