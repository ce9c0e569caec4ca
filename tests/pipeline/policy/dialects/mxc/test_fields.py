"""The descriptions against the runner: every field of each version, alone, is taken or refused as there."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.dialects.mxc.fields import CLOSED, LENIENT, closed
from pipeline.policy.dialects.mxc.shape import Flag, Items, Record, Text, Whole, Word
from pipeline.policy.source import PolicyError
from tests.pipeline.policy.dialects.mxc_judge import many

TOP = {"version": "", "process": {"commandLine": "ls"}}


def values(shape):  # noqa: PLR0911 - one line a shape
    """Right and wrong values of a shape, and those of what is in it."""
    match shape:
        case Text():
            return ["x", 1, None]
        case Flag():
            return [True, "true", None]
        case Whole():
            return [shape.least, shape.most, shape.most + 1, shape.least - 1, 1.5]
        case Word():
            return [*shape.words, *shape.aliases, "zzz", shape.words[0].upper()]
        case Items():
            return [[], *([value] for value in values(shape.of)), {}]
        case Record():
            found = [{}, {"zzz": 1}, 1]
            needed = {name: values(shape.fields[name])[0] for name in shape.needed}
            for name, inner in shape.fields.items():
                found += [{**needed, name: value} for value in values(inner)]
            return found
    return [None, {"any": ["thing"]}]


def texts(version, shape):
    for name, inner in shape.fields.items():
        for value in values(inner):
            yield json.dumps({**TOP, "version": version, name: value})


def fits(text):
    try:
        read_config(text, "x")
    except PolicyError:
        return False
    return True


@pytest.mark.parametrize("version", ["0.8.0-alpha", *CLOSED])
def test_whatever_the_runner_takes_has_a_description(version):
    found = list(texts(version, closed(version) if version in CLOSED else LENIENT))
    answers = many(found)
    refused = [text for text, answer in zip(found, answers, strict=True) if answer is not False and not fits(text)]
    assert not refused
    assert sum(answer is not False for answer in answers) > 30


@pytest.mark.parametrize("version", CLOSED)
def test_a_closed_version_takes_no_older_network(version):
    assert not fits(json.dumps({**TOP, "version": version, "network": {"defaultPolicy": "allow"}}))
