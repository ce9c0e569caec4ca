"""Rules by feature, against a second reading; and rules that try to break out."""

import pytest
import yaml

from tests.pipeline.sigma.rule_judge import matches

EVENTS = [
    {"Image": "/usr/bin/curl", "CommandLine": "curl -d @x https://a.org", "User": "root", "ProcessId": "44"},
    {"Image": "/USR/BIN/CURL", "CommandLine": "CURL -D @X", "User": "Root", "ProcessId": "440"},
    {"Image": "/usr/bin/wget", "CommandLine": "wget /tmp/100%_sure", "User": "wget", "ProcessId": "x"},
    {"Image": "/usr/bin/wget", "CommandLine": "wget /tmp/100xxsure", "User": ""},
    {"CommandLine": "it's 'quoted' \\path\\x.exe"},
    {"Image": "/usr/bin/wget"},
    {"Image": "/tmp/a*b", "CommandLine": "echo Y3VybCA= /tmp/a*b", "CurrentDirectory": "/tmp"},
    {"Image": "/tmp/a*b", "CommandLine": "start \u2013d and /d", "CurrentDirectory": "/tmp/a*b"},
    {"CommandLine": "line one\nline TWO", "User": "wget%"},
    {},
]
RULES = [
    "s: { Image|endswith: /curl }\ncondition: s",
    "s: { Image|endswith: /curl }\ncondition: not s",
    "s: { Image|endswith|cased: /curl }\ncondition: s",
    "s: { CommandLine|contains: 100%_sure }\ncondition: s",
    "s: { CommandLine: '*100?_sure' }\ncondition: s",
    "s: { CommandLine|contains|all: [wget, tmp] }\ncondition: s",
    "s: { CommandLine|contains: \"'quoted' \\\\path\" }\ncondition: s",
    "s: { Image: null }\ncondition: s",
    "s: { Image: null }\ncondition: not s",
    "s: { User: '' }\ncondition: s",
    "s: { Image|exists: true }\nt: { User|exists: false }\ncondition: s and t",
    "s: { Image: '*' }\ncondition: not s",
    "s: { ProcessId: 44 }\ncondition: s",
    "s: { ProcessId|gt: 44 }\ncondition: s",
    "s: { ProcessId|lte: 44 }\ncondition: s",
    "s: { CommandLine|re: 'curl.*[a-z]+\\.org$' }\ncondition: s",
    "s: { CommandLine|re|i: 'curl' }\ncondition: s",
    "s: { CommandLine|re|i|m: '^line two$' }\ncondition: s",
    "s: { CommandLine|re|s: 'one.line' }\ncondition: s",
    "s: { CommandLine|re: \"it's '\" }\ncondition: s",
    "s: { CommandLine|windash|contains: ' -d' }\ncondition: s",
    "s: { CommandLine|base64offset|contains: 'curl ' }\ncondition: s",
    "s: { CommandLine|base64|contains: 'curl ' }\ncondition: s",
    "s: { Image|fieldref: CurrentDirectory }\ncondition: s",
    "s: { CommandLine|fieldref|endswith: Image }\ncondition: s",
    "s: { Image: '/tmp/a\\*b' }\ncondition: s",
    "k: [ 'wget', 'LINE TWO' ]\ncondition: k",
    "k: [ 'w?et*100' ]\ncondition: k",
    "s: [ { Image|endswith: /wget, User: wget }, { User: root } ]\ncondition: s",
    "s1: { Image|endswith: /wget }\ns2: { User: root }\nf: { CommandLine: null }\ncondition: 1 of s* and not f",
    "s1: { Image|startswith: /usr }\ns2: { User: root }\ncondition: all of s*",
    "s1: { Image|startswith: /usr }\ncondition: [ s1, not s1 ]",
    "s: { User|neq: root }\ncondition: s",
    "s: { CommandLine|contains: [curl, wget, line, quoted, nothing, echo] }\nf: { CommandLine|endswith: [TWO, exe, org, '%', b, x] }\ncondition: s and not f",
]


@pytest.mark.parametrize("rule", RULES)
def test_rule_matches_what_a_plain_reading_of_it_matches(rule, bundle_of, asked):
    document = {"detection": yaml.safe_load(rule)}
    expected = {n for n, e in enumerate(EVENTS) if matches(document, e)}
    assert asked(bundle_of(rule), EVENTS) == [expected]


def test_the_rules_above_say_different_things():
    found = [frozenset(n for n, e in enumerate(EVENTS) if matches({"detection": yaml.safe_load(r)}, e)) for r in RULES]
    assert len(set(found)) >= 20
    assert sum(1 for f in found if 0 < len(f) < len(EVENTS)) > 30


@pytest.mark.parametrize(
    ("address", "inside"),
    [("10.1.2.3", True), ("11.0.0.1", False), ("::ffff:10.1.2.3", True), ("host", False), (None, False)],
)
def test_cidr(address, inside, bundle_of, asked):
    made = bundle_of("s: { DestinationIp|cidr: [10.0.0.0/8, 'fc00::/7'] }\ncondition: s", category="network_connection")
    assert asked(made, [{"DestinationIp": address}] if address else [{"Image": "/x"}]) == [{0} if inside else set()]


HOSTILE = [
    "'",
    "''",
    "\\'",
    "' OR true --",
    "'); DROP TABLE events; --",
    '"',
    '" OR true --',
    "\\",
    "%",
    "_",
    "\x00",
    "a\x00' OR true --",
    "$$",
    "{0}",
    "; SELECT 1",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("modifier", ["", "|contains", "|endswith", "|cased", "|fieldref"])
def test_hostile_text_is_text(text, modifier, bundle_of, asked):
    document = yaml.safe_dump(
        {"s": {f"CommandLine{modifier}": [text, text + "2", text + "3", text + "4"]}, "condition": "s"}, width=10**6
    )
    made = bundle_of(document)
    if modifier == "|fieldref" and made.failures:
        assert "no field name" in made.failures[0].reason
        return
    events = [{"CommandLine": text}, {"CommandLine": "harmless"}, {"Image": "/x"}]
    if modifier == "|fieldref":
        assert asked(made, events) == [set()]
    else:
        assert asked(made, events) == [{0}]


@pytest.mark.parametrize("name", ['Image" OR true --', "a'b", 'x"y', "Ünïcode", "with space", "a.b-c"])
def test_hostile_field_name_is_a_name(name, bundle_of, asked):
    document = yaml.safe_dump({"s": {name: "v"}, "condition": "s"}, width=10**6)
    made = bundle_of(document)
    assert asked(made, [{name: "v"}, {name: "w"}, {"Image": "/x"}]) == [{0}]
    assert made.rules[0].blind == (name,)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("s: { CommandLine|re: '(?=x)y' }\ncondition: s", "invalid"),
        ("s: { CommandLine|expand: '%names%' }\ncondition: s", "placeholder"),
        ("s: { CommandLine|nosuch: x }\ncondition: s", "nosuch"),
        ("s: { CommandLine: x }\ncondition: t", "not defined"),
        ("s: { CommandLine: x }\ncondition: s | count() > 5", "pipe"),
        ("s: { DestinationIp|cidr: 10.0.0.0/99 }\ncondition: s", "CIDR"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_listed_with_its_reason(rule, reason, bundle_of):
    made = bundle_of(rule)
    assert made.rules == ()
    assert [f.source for f in made.failures] == ["1.yml"]
    assert reason.lower() in made.failures[0].reason.lower()
