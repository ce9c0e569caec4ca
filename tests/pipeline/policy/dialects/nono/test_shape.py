"""The shapes of profile and manifest, against nono's own JSON schemas where the corpus has them."""

from __future__ import annotations

import copy
import json
import random

import jsonschema
import pytest

from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.nono.shape import MANIFEST, PROFILE, Checker
from tests.corpus import ROOT, corpus

FOLDER = ROOT / "policies" / "nono"
EXAMPLES = sorted(FOLDER.glob("tool-sandbox-examples/*/*.json")) + sorted(FOLDER.glob("fixtures/*/profiles/*.json"))
LOOSER = ("None is not of type", "'policy' was unexpected", "'groups', ", "brokered_commands")
"""Where nono's loader takes more than its schema says: null for what may be absent, and old keys."""

OPAQUE = {"credentials", "approval_backends", "approval_defaults", "intercept", "environment", "resources", "stdio", "open_urls", "auth", "aws_auth", "proxy", "rate_limit", "spiffe", "daemon_pid_source", "env", "credential_capture", "credential_providers", "credential_routes"}  # fmt: skip
"""Parts that say nothing about access here and are not looked into; nono refuses more of them."""


def problems(data, structs=PROFILE, top="Profile"):
    text = read_json(json.dumps(data, indent=1), "p")
    checker = Checker(text, structs)
    checker.check(text.data, top, ())
    return checker.problems


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft202012Validator(json.loads((corpus("policies", "nono", "schema", "nono-profile.schema.json")).read_text()))  # fmt: skip


@pytest.fixture(scope="module")
def manifest_schema():
    return jsonschema.Draft202012Validator(json.loads((corpus("policies", "nono", "schema", "capability-manifest.schema.json")).read_text()))  # fmt: skip


def spots(data, path=()):
    """Every place of the data that is looked into."""
    yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        if key not in OPAQUE:
            yield from spots(value, (*path, key))


def mutated(data, chooser):
    """The data with one thing changed: a key more, one less, or a value of another type."""
    made = copy.deepcopy(data)
    path = chooser.choice([p for p in spots(made) if p])
    where = made
    for part in path[:-1]:
        where = where[part]
    if chooser.random() < 0.3 and isinstance(where, dict):
        where[chooser.choice(["unknown", "filesystm", "name"])] = 1
    elif chooser.random() < 0.3:
        del where[path[-1]]
    else:
        where[path[-1]] = chooser.choice([1, "x", True, [], {}, ["a"], {"path": 1}, -5, 70000])
    return made


def dense(data):
    """The data without its nulls."""
    if isinstance(data, dict):
        return {k: dense(v) for k, v in data.items() if v is not None}
    return [dense(v) for v in data] if isinstance(data, list) else data


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_what_the_schema_refuses_is_refused_and_what_it_takes_is_taken(path, schema):
    data = json.loads(path.read_text())
    assert problems(data) == []
    data = dense(data)
    chooser = random.Random(path.stem)
    seen = {True: 0, False: 0}
    for _ in range(300):
        made = mutated(data, chooser)
        wrong = [e.message for e in schema.iter_errors(made)]
        if any(message.startswith(loose) or loose in message for message in wrong for loose in LOOSER):
            continue
        found = problems(made)
        seen[bool(wrong)] += 1
        if wrong and not found:
            assert _numbers_only(wrong), (wrong, json.dumps(made)[:300])
        assert wrong or not found, (found, path)
    assert min(seen.values()) > 5


def _numbers_only(messages):
    """What ``nono_checks`` looks at, or nono's loader does not refuse: patterns of names and of variables."""
    return all(
        "does not match" in m or "minimum" in m or "is not valid under any" in m or "is valid under each" in m
        for m in messages
    )


MANIFEST_EXAMPLE = {
    "version": "0.1.0",
    "filesystem": {"grants": [{"path": "/w", "access": "readwrite", "type": "file"}], "deny": [{"path": "~/.ssh"}]},
    "network": {"mode": "proxy", "allow_domains": ["a.b"], "endpoints": [{"host": "c.d", "rules": [{"method": "GET", "path": "/"}]}], "ports": {"connect": [443], "localhost_range": [[1, 2]]}, "dns": True},
    "process": {"blocked_commands": ["rm"], "signal_mode": "isolated", "exec_strategy": "supervised"},
    "rollback": {"enabled": True},
    "resources": {"memory_bytes": 5},
}  # fmt: skip


def test_manifests_against_their_schema(manifest_schema):
    assert problems(MANIFEST_EXAMPLE, MANIFEST, "Manifest") == []
    chooser = random.Random(1)
    for _ in range(400):
        made = mutated(MANIFEST_EXAMPLE, chooser)
        wrong = [e.message for e in manifest_schema.iter_errors(made)]
        found = problems(made, MANIFEST, "Manifest")
        assert bool(wrong) == bool(found) or _small(wrong), (wrong, found, made)


def _small(messages):
    return all("less than the minimum" in m or "non-empty" in m or "too short" in m for m in messages)


def test_problems_say_where_and_what():
    text = read_json('{\n "filesystem": {\n  "raed": []\n },\n "workdir": {"access": "all"}\n}', "p")
    checker = Checker(text, PROFILE)
    checker.check(text.data, "Profile", ())
    assert [(p.line, p.column, p.message) for p in sorted(checker.problems)] == [
        (3, 11, "unknown key 'raed'; did you mean 'read'? (/filesystem/raed)"),
        (5, 24, "one of none, read, write, readwrite is wanted here (/workdir/access)"),
    ]
