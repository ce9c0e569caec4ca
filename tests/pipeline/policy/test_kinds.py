"""Each kind of value as a file has it, its model and its JSON Schema side by side; jsonschema is the second opinion."""

from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

from pipeline import schema
from pipeline.policy import kinds

HASH = "0123456789abcdef" * 4
GOOD = {
    "Action": {"deny": "deny", "isolate": "isolate"},
    "Atlas": {"AML.T0051": "AML.T0051", "AML.T0051.001": "AML.T0051.001"},
    "Domains": {"example.com": ("example.com",), "*.Example.com": ("*.example.com",)},
    "Duration": {"60s": 60 * 10**9, "1.5h": 5400 * 10**9, "500ms": 500 * 10**6},
    "Globs": {"/x": ("/x",), "**/.env": ("**/.env",), "~/a": ("~/a",)},
    "Hashes": {HASH: (HASH,), HASH.upper(): (HASH.upper(),)},
    "Label": {"credential": "credential", "7-x": "7-x"},
    "Labels": {"guard": ("guard",)},
    "Limit": {"1s": 10**9, "10m": 600 * 10**9, "24h": 86400 * 10**9},
    "Moment": {"2027-01-31": "2027-01-31", "2027-01-31T18:00:00+02:00": "2027-01-31T18:00:00+02:00"},
    "Name": {"a": "a", "A.b_c-9": "A.b_c-9"},
    "Networks": {"10.0.0.0/8": ("10.0.0.0/8",), "::ffff:1.2.3.4": ("1.2.3.4/32",)},
    "Nets": {"unresolved": ("unresolved",)},
    "Owasp": {"ASI02": "ASI02"},
    "Ports": {443: ((443, 443),), "80": ((80, 80),), "80-90": ((80, 90),)},
    "Protocols": {"tcp": ("tcp",)},
    "Rate": {"100/60s": (100, 60 * 10**9), "5/s": (5, 10**9)},
    "Selectors": {"network": ("network",)},
    "Severity": {"high": "high"},
    "Size": {">=10MB": (10**7, 2**63 - 1), "< 1KiB": (0, 1023)},
    "Technique": {"T1552": "T1552", "T1552.001": "T1552.001"},
    "Texts": {"*--force*": ("*--force*",)},
    "Users": {"ci-*": ("ci-*",), 0: ("0",)},
}
"""What may be written, and what becomes of it."""

BAD = {
    "Action": ["block", "Deny", "", 1, None],
    "Atlas": ["T0051", "AML.T51"],
    "Domains": ["", "*", [], ["*.*"], 1],
    "Duration": ["60", 60, "", True, "31d", ["60s"]],
    "Globs": ["", "x", [], ["/x", "y"], 1, None],
    "Hashes": [HASH[1:], HASH + "0", "x" * 64, [], ""],
    "Label": ["", "A", "-a", "a b", "a" * 64],
    "Labels": [[], ["A"], 1],
    "Limit": ["999ms", "25h", "0s", "600", 600, ""],
    "Moment": ["soon", "2027-02-30", "31.1.2027", 20270131],
    "Name": ["", ".a", "a b", "a" * 101, 1],
    "Networks": ["x", "10.0.0.1/8", "300.1.1.1", [], 1],
    "Nets": ["public", []],
    "Owasp": ["ASI2", "LLM01"],
    "Ports": ["http", "90-80", 65536, -1, [], True, [[80, 90]]],
    "Protocols": ["quic", []],
    "Rate": ["100", "0/s", 100, "100/60", [100, 60]],
    "Selectors": ["file", [], "File.read"],
    "Severity": ["severe"],
    "Size": ["10MB", ">=", 10, ">=10Q", [10, 20]],
    "Technique": ["T1", "t1552", "T1552.1"],
    "Texts": ["", [], 1, "a\0b"],
    "Users": ["", [], [[]], 1.5, True],
}
"""What is refused."""

BEYOND_THE_SCHEMA = {"Globs", "Domains", "Networks", "Ports", "Rate", "Moment", "Duration", "Limit", "Texts", "Size"}
"""Kinds of which a schema cannot say all: it may accept what the model refuses, never the other way round."""


def adapter(kind):
    return TypeAdapter(getattr(kinds, kind))


def accepted(kind, value):
    try:
        adapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    return True


def valid(kind, value):
    return jsonschema.Draft202012Validator(adapter(kind).json_schema()).is_valid(value)


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in GOOD.items() for v in values])
def test_what_may_be_written(kind, value):
    assert adapter(kind).validate_json(json.dumps(value), strict=True) == GOOD[kind][value]
    assert valid(kind, value)


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in BAD.items() for v in values])
def test_what_is_refused(kind, value):
    assert not accepted(kind, value)
    assert kind in BEYOND_THE_SCHEMA or not valid(kind, value)


LISTS = sorted(k for k, values in GOOD.items() if all(isinstance(v, tuple) for v in values.values()))
LISTS = [k for k in LISTS if k not in ("Rate", "Size")]


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_is_the_same_as_its_values(kind):
    values = list(GOOD[kind])
    whole = adapter(kind).validate_json(json.dumps(values), strict=True)
    assert whole == tuple(v for value in values for v in GOOD[kind][value])
    assert valid(kind, values)


def test_a_value_that_was_read_may_be_given_again():
    """``dataclasses.replace`` puts the values of a model through their checks once more."""
    for kind, values in GOOD.items():
        for value in values.values():
            assert adapter(kind).validate_python(value) == value


def test_the_vocabulary_is_the_schemas():
    assert kinds.ACTIONS == schema.VERDICTS
    assert set(kinds.BY) <= {c.name for c in schema.ACTIVITY} | {"process"}
    assert accepted("Selectors", list(schema.SELECTORS))
    assert accepted("Nets", list(kinds.NETS))
    assert accepted("Protocols", list(kinds.PROTOCOLS))
