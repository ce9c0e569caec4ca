"""A configuration as read: what is no JSON for the runner, versions, and the way back to the file."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc.config import read_config, semver
from pipeline.policy.source import PolicyError
from tests.pipeline.policy.dialects.mxc_judge import accepts

START = '{"version": "0.8.0-alpha", "containment": "lxc", "process": {"commandLine": "ls"}, "_comment": '


@pytest.mark.parametrize("version", ["0.8.0-alpha", "1.0.0"])
@pytest.mark.parametrize(
    "comment",
    [
        "[" * 126 + "]" * 126,
        "[" * 127 + "]" * 127,
        "1e400",
        "1e300",
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        '{"a": 1, "a": 2}',
        "NaN",
        "01",
        '"\t"',
    ],
)
def test_json_is_what_the_runner_reads(version, comment):
    text = START.replace("0.8.0-alpha", version) + comment + "}"
    try:
        read_config(text, "x")
        ours = True
    except PolicyError:
        ours = False
    assert ours == accepts(text)


def test_a_byte_order_mark_is_refused():
    text = "\ufeff" + START + "1}"
    assert not accepts(text)
    with pytest.raises(PolicyError, match="byte order mark"):
        read_config(text, "x")


@pytest.mark.parametrize("data", [{"version": "1.0.0", "phase": None}, ["1.0.0"], {"version": "1.0.0"}])
def test_a_closed_version_is_one_request(data):
    assert not accepts(json.dumps(data), "1.0.1")
    with pytest.raises(PolicyError):
        read_config(json.dumps(data), "x")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.8.0", (0, 8, 0)), ("0.8.0-alpha.1+b.01", (0, 8, 0)), ("10.20.30", (10, 20, 30)), ("0.8", (-1, 0, 0)), ("00.8.0", (-1, 0, 0)),
        ("0.8.0-01", (-1, 0, 0)), ("0.8.0-", (-1, 0, 0)), ("v0.8.0", (-1, 0, 0)), ("0.8.18446744073709551616", (-1, 0, 0)), ("", (-1, 0, 0)),
    ],
)  # fmt: skip
def test_versions_are_semantic_ones(text, found):
    assert semver(text) == found


def test_places_and_pointers_are_those_of_the_file():
    text = '{"process": {"commandLine": "ls"},\n "appContainer": {\n  "capabilities": ["x"]}}'
    config = read_config(text, "x")
    path = ("processContainer", "capabilities", 0)
    assert config.pointer(path) == "/appContainer/capabilities/0"
    assert config.place(path) == (3, 20)
    assert config.place(("processContainer", "network")) == (2, 18)
    assert config.backend == "bubblewrap"
