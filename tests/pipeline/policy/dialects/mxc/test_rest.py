"""Settings, restrictions without an operation, and the system's own programs."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.dialects.mxc.rest import baseline_item, rest_items


def config(**extra):
    return read_config(json.dumps({"process": {"commandLine": "ls"}, **extra}), "x")


@pytest.mark.parametrize(
    ("extra", "name", "outcome"),
    [
        ({}, "process.commandLine", "setting"),
        ({"_comment": {"a": [1]}}, "_comment", "setting"),
        ({"lifecycle": {"destroyOnExit": False}}, "lifecycle.destroyOnExit", "setting"),
        ({"lifecycle": {}}, "lifecycle", "setting"),
        ({"ui": {"clipboard": "none"}}, "ui.clipboard", "unsupported"),
        ({"processContainer": {"capabilities": ["internetClient"]}}, "processContainer.capabilities.0", "unsupported"),
        (
            {"processContainer": {"captureDenials": {"mode": "allow"}}},
            "processContainer.captureDenials.mode",
            "narrower",
        ),
        (
            {"processContainer": {"captureDenials": {"mode": "block"}}},
            "processContainer.captureDenials.mode",
            "setting",
        ),
        ({"seatbelt": {"profileOverride": "x"}}, "seatbelt.profileOverride", "unsupported"),
        ({"experimental": {"wslc": {"image": "x"}}}, "experimental.wslc.image", "setting"),
        ({"experimental": {"wslc": {"gpu": True}}}, "experimental.wslc.gpu", "unsupported"),
        ({"fallback": {"allowDaclMutation": True}}, "fallback.allowDaclMutation", "setting"),
    ],
)
def test_what_becomes_of_a_field(extra, name, outcome):
    found = {item.name: item for item in rest_items(config(**extra))}
    assert found[name].outcome == outcome
    assert found[name].why


def test_paths_and_network_are_told_elsewhere():
    names = [
        item.name
        for item in rest_items(config(filesystem={"readonlyPaths": ["/a"]}, network={"defaultPolicy": "allow"}))
    ]
    assert names == ["process.commandLine"]


def test_the_system_is_open_where_the_sandbox_shows_this_machines():
    item = baseline_item(config())
    assert item.outcome == "narrower"
    assert "/usr/bin/**" in item.safe[0]["match"]["path"]
    assert not any(
        path.startswith(("/home", "/root", "/etc/passwd", "/etc/**")) for path in item.safe[0]["match"]["path"]
    )


def test_the_system_of_a_container_is_another_one():
    item = baseline_item(config(containment="lxc"))
    assert (item.outcome, item.safe) == ("wider", ())
    assert item.accepted
    assert item.pointer == "/containment"
