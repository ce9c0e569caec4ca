"""Shapes of a typed YAML file. The verdicts on whole files are those of OpenShell's own reader, asked once."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.shape import (
    Anything,
    Flag,
    Items,
    Matcher,
    Maybe,
    Reading,
    Record,
    Table,
    Text,
    Whole,
)
from pipeline.policy.dialects.openshell.yaml import compose
from tests.pipeline.policy.dialects.openshell_judge import endpoint, problems, refused

TAKEN = [
    "version: 1\nnetwork_policies:\n",
    "version: 1\nfilesystem_policy: ~\n",
    "version: 0x1\n",
    "version: +1\n",
    "version: !!str 1\n",
    "version: !own 1\n",
    "version: &x 1\nprocess: {run_as_user: *x}\n",
    "version: 1\nprocess: !own {run_as_user: 5}\n",
    "version: 1\nnetwork_policies: {1: {}}\n",
    "version: 1\nnetwork_policies: {~: }\n",
    "version: 1\nfilesystem_policy: {include_workdir: TRUE}\n",
    "version: 1\nlandlock: {compatibility: anything}\n",
    "version: 1\n...\n",
    '"version": 1',
    endpoint("host: 10, port: 80"),
    endpoint("host: ~, port: 80"),
    endpoint("host: a.b, port: 80, allowed_ips: "),
    endpoint("host: a.b, port: 80, mcp: ~"),
    "version: 1\nnetwork_policies: {a: {endpoints: [{host: a.b, port: 1}]}, a: {endpoints: [{host: c.d, port: 1}]}}",
]
REFUSED = {
    'version: "1"\n': (1, 10),
    "version: 01\n": (1, 10),
    "version: 1.0\n": (1, 10),
    "version: |\n  1\n": (1, 10),
    "version: 4294967296\n": (1, 10),
    "version: 1\nversion: 1\n": (2, 1),
    "version: 1\nprocess: {<<: {run_as_user: '5'}}\n": (2, 11),
    "version: 1\nnetwork_policies: {a: ~}\n": (2, 23),
    "version: 1\nfilesystem_policy: {include_workdir: yes}\n": (2, 38),
    "version: 1\nfilesystem_policy: {read_only: /x}\n": (2, 32),
    "version: 1\nfilesystem_policy: []\n": (2, 20),
    "- version\n": (1, 1),
    "version: 1\nnetwork_policies: {a: {binaries: [{}]}}\n": (2, 35),
    endpoint('host: a.b, port: "80"'): '"80"',
    endpoint("host: a.b, port: 65536"): "65536",
    endpoint("host: a.b, port: 80, allowed_ips: ~"): "~",
    endpoint("host: a.b, port: 80, protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: 5}}}]"): "5}",
    endpoint("host: a.b, port: 80, json_rpc: {on_parse_error: x}"): "on_parse",
}


@pytest.mark.parametrize("text", TAKEN)
def test_what_the_reader_takes(text):
    assert problems(text) == []


@pytest.mark.parametrize(("text", "place"), REFUSED.items())
def test_what_the_reader_refuses_and_where(text, place):
    assert refused(text)
    if isinstance(place, str):
        place = 2, text.splitlines()[1].index(place) + 1
    assert [(line, column) for line, column, _ in problems(text)] == [place]


def read(text, shape):
    reading = Reading()
    return reading.value(compose(text, "f"), shape, ()), [p.message for p in reading.problems]


def test_texts_numbers_and_flags():
    shape = Record({"t": Text(), "n": Whole(10, -10), "f": Flag(), "m": Maybe(Text()), "i": Items(Text())})
    assert read("{t: 0x1, n: -5, f: true, m: null, i: [1, ~]}", shape) == (
        {"t": "0x1", "n": -5, "f": True, "i": ["1", "~"]},
        [],
    )
    assert read("{n: 11, f: 1}", shape)[1] == [
        "'n' must be a whole number from -10 to 10, not '11'",
        "'f' must be true or false, not '1'",
    ]


def test_records_are_closed_and_tables_keep_the_last():
    assert read("{a: 1, b: 2}", Record({"a": Text()}))[1] == ["unknown key 'b'; known: a"]
    assert read("{a: 1, a: 2}", Record({"a": Text()}))[1] == ["key 'a' stands twice"]
    assert read("{}", Record({"a": Text()}, needed=("a",)))[1] == ["a policy has no 'a'"]
    assert read("{a: 1, a: 2}", Table(Text())) == ({"a": "2"}, [])
    assert read("{[a]: 1}", Table(Text()))[1] == ["a key must be text"]


def test_anything_is_what_json_has():
    assert read("{a: [1, x, {b: ~}], c: true}", Anything()) == ({"a": [1, "x", {"b": None}], "c": True}, [])


def test_matchers():
    assert read("a*", Matcher()) == ("a*", [])
    assert read("{any: [a, b]}", Matcher()) == ({"any": ["a", "b"]}, [])
    assert read("{name: {any: [a]}, x: {y: z}}", Matcher(nested=True)) == (
        {"name": {"any": ["a"]}, "x": {"y": "z"}},
        [],
    )
    for text in ("5", "~", "[a]", "{any: a}", "{any: [5]}", "{glob: a}"):
        assert read(text, Matcher())[1], text


def test_an_alias_that_leads_back_to_itself_is_refused():
    assert "nested too deep" in read("&a [*a]", Anything())[1][0]
    bomb = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 8)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "too many values" in read(bomb, Anything())[1][0]
