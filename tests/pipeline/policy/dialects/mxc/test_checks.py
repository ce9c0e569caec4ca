"""Rules beyond the fields, each against the runner itself, and hundreds of random configurations, whose verdict must be the runner's."""

from __future__ import annotations

import json
import random

import pytest

from pipeline.policy.dialects.mxc import backends as mxc_backends
from pipeline.policy.dialects.mxc import checks as mxc_checks
from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.source import PolicyError
from tests.pipeline.policy.dialects.mxc_judge import accepts, config, many, mutated

RANDOM = 260
BASE = {"version": "0.8.0-alpha", "containment": "lxc", "process": {"commandLine": "ls"}}


def complaint(text):
    """Why a text is refused here; empty where it is not."""
    try:
        read = read_config(text, "c.json")
        mxc_checks.check(read)
        mxc_backends.check(read)
    except PolicyError as error:
        return str(error)
    return ""


RULES = [
    (BASE, ""),
    ({**BASE, "phase": "exec"}, "phase"),
    ({**BASE, "sandboxId": "x"}, "sandboxId"),
    ({**BASE, "correlationVector": "x"}, "correlationVector"),
    ({**BASE, "version": "0.5.0"}, "version"),
    ({**BASE, "version": "0.9.9"}, ""),
    ({**BASE, "version": "0.10.0"}, "version"),
    ({**BASE, "version": "1.0.1"}, "version"),
    ({**BASE, "version": "0.8"}, "version"),
    ({**BASE, "version": ""}, ""),
    ({**BASE, "process": {"commandLine": ""}}, "commandLine"),
    ({**BASE, "process": {"commandLine": "a\0"}}, "NUL"),
    ({**BASE, "process": {}}, "commandLine"),
    ({**BASE, "processContainer": {}}, "does not go with"),
    ({**BASE, "containment": "processcontainer", "processContainer": {"capabilities": ["a,b"]}}, "comma"),
    ({**BASE, "containment": "processcontainer", "processContainer": {"capabilities": ["LEARNINGMODELOGGING"]}}, "reserved"),
    ({**BASE, "containment": "processcontainer", "processContainer": {"captureDenials": {"outputPath": "x"}}}, "absolute"),
    ({**BASE, "containment": "processcontainer", "processContainer": {"captureDenials": {"outputPath": "/"}}}, "absolute"),
    ({**BASE, "filesystem": {"deniedPaths": ["\u2003"]}}, "empty"),
    ({**BASE, "filesystem": {"deniedPaths": ["\x1f"]}}, ""),
    ({**BASE, "filesystem": {"readonlyPaths": ['/a"']}}, "quotation"),
    ({**BASE, "filesystem": {"readwritePaths": ["/a\0"]}}, "NUL"),
    ({**BASE, "experimental": {"seatbelt": {}}}, "has moved"),
    ({**BASE, "containment": "wslc", "experimental": {"wslc": {"portMappings": [{"windowsPort": 0, "containerPort": 1}]}}}, "1 to 65535"),
    ({**BASE, "containment": "wslc", "experimental": {"wslc": {"portMappings": [{"windowsPort": 1, "containerPort": 1}] * 2}}}, "twice"),
    ({**BASE, "version": "1.0.0", "lxc": {"distribution": "a"}}, "release"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), RULES)
def test_the_reason_is_told_where_the_runner_refuses(data, reason):
    text = json.dumps(data)
    said = complaint(text)
    assert bool(said) == bool(reason), said
    assert reason in said
    assert accepts(text) is not bool(reason)


def test_a_place_is_told():
    with pytest.raises(PolicyError) as refused:
        mxc_checks.check(read_config('{"process": {"commandLine": "ls"},\n  "phase": "exec"}', "c.json"))
    assert [(p.line, p.column) for p in refused.value.problems] == [(2, 12)]


@pytest.mark.parametrize("seed", range(4))
def test_random_configurations_get_the_runners_verdict(seed):
    r = random.Random(seed)
    made = [config(r) for _ in range(RANDOM // 4)]
    texts = [json.dumps(mutated(r, one) if r.random() < 0.6 else one) for one in made]
    differences, told = [], 0
    for text, theirs in zip(texts, many(texts), strict=True):
        told += theirs is not None
        if theirs is not None and theirs != (not complaint(text)):
            differences.append((theirs, complaint(text), text))
    assert not differences
    assert told > len(texts) * 0.8
