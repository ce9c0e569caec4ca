from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.load import PolicyError, load_policy, read_policies
from pipeline.policy.model import Place

GOOD = """lictor: 1
name: p
defaults: { file.write: deny }
rules:
  - id: a
    on: file.read
    match: { path: [/x, "**/.env"] }
    action: deny
tests:
  - { event: { on: file.read, path: ~/.env }, expect: deny, rule: a }
"""


def errors(text):
    with pytest.raises(PolicyError) as caught:
        load_policy(text, "p.yaml")
    return str(caught.value).splitlines()


def with_rule(text):
    return f"lictor: 1\nname: p\nrules:\n  - {{ id: a, on: file.read, action: deny, {text} }}\n"


def test_a_good_policy():
    policy = load_policy(GOOD, "p.yaml")
    assert (policy.name, policy.mode, policy.source_path) == ("p", "enforce", "p.yaml")
    assert policy.version == hashlib.sha256(GOOD.encode()).hexdigest()
    assert policy.rules[0].on == ("file.read",)
    assert policy.rules[0].match.path == ("/x", "**/.env")
    assert policy.places["rules", 0] == Place("p.yaml", 5, 5)
    assert policy.texts == {"p.yaml": GOOD}
    assert policy.tests[0].rule == "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules: []\nname: p", "p.yaml:1:1: 'lictor' is missing"),
        ("lictor: 2\nname: p", "p.yaml:1:9: 'lictor: 2': this version reads 'lictor: 1'"),
        ("- a", "p.yaml:1:1: a policy is a mapping that begins with 'lictor: 1'"),
        ("lictor: 1\nname: p\nrulez: []", "p.yaml:3:1: unknown key 'rulez'; did you mean 'rules'?"),
        ("lictor: 1\nname: p\nmode: watch", "p.yaml:3:7: unknown mode 'watch'; supported: enforce, audit"),
        (
            "lictor: 1\nname: p\ndefaults: { file.wite: deny }",
            "p.yaml:3:13: unknown operation 'file.wite'; did you mean 'file.write'?",
        ),
        ("lictor: 1\nname: p\nrules: [1]", "p.yaml:3:9: an item of 'rules' must be a mapping"),
        ("lictor: 1\nname: p\nname: q", "p.yaml:3:1: key 'name' stands twice, first in line 2"),
        ("lictor: 1\nname: p\nholds: { limt: 5m }", "p.yaml:3:10: unknown key 'limt'; did you mean 'limit'?"),
        ("lictor: 1\nname: p\nholds: { limit: 25h }", "p.yaml:3:17: a run is held for 1s at least and 24h at most"),
        (
            "lictor: 1\nname: p\nholds: { ask: alow }",
            "p.yaml:3:15: unknown answer 'alow'; supported: release, deny, kill",
        ),
        ("lictor: 1\nname: p\nholds: 5m", "p.yaml:3:8: 'holds' must be a mapping"),
        ("lictor: 1\nname: p\non_failure: opn", "p.yaml:3:13: unknown on_failure 'opn'; did you mean 'open'?"),
    ],
)
def test_one_error_with_its_place(text, expected):
    assert errors(text) == [expected]


@pytest.mark.parametrize(
    ("rule", "pointed_at", "message"),
    [
        ("mach: {}", "mach", "unknown key 'mach'; did you mean 'match'?"),
        ("match: { pth: /x }", "pth", "unknown key 'pth'; did you mean 'path'?"),
        ("match: { label: credentail }", "credentail", "unknown label 'credentail'; did you mean 'credential'?"),
        ("match: { label: A }", "A }", "'A': a label is lower-case letters, digits and '-'"),
        (
            "match: { size: 10MB }",
            "10MB",
            "'10MB' is no size: write >=, >, <= or <, a number and B, kB, MB, GB, KiB, MiB or GiB",
        ),
        ("match: { rate: 5 }", "5 }", "'5' is no rate: write a number up to 10000 and a time, such as 100/60s or 5/s"),
        ("match: { user: '' }", "''", "'user' is empty text"),
        ("expires: soon", "soon", "'soon': a day or time looks like 2027-01-31 or 2027-01-31T18:00:00Z"),
        (
            "expires: 2027-02-30",
            "2027-02-30",
            "'2027-02-30' is no day or time: write 2027-01-31 or 2027-01-31T18:00:00Z",
        ),
        ("locked: 1", "1 }", "'locked' must be true or false"),
        ("atlas: [T0051]", "T0051", "'T0051': an ATLAS technique looks like AML.T0051 or AML.T0051.000"),
        ("owasp: [A]", "A]", "'A': an OWASP agentic threat looks like ASI02"),
        ("mode: watch", "watch", "unknown mode 'watch'; supported: enforce, audit"),
        ("match: { path: [] }", "[]", "'path' is an empty list: leave the key out, or say what it means"),
        (
            "match: { path: [/a, x] }",
            "x]",
            "'x': a path must begin with '/', '~/', '${workspace}' or '**/', or with a drive of Windows, as 'C:/'",
        ),
        ("match: { path: ~ }", "~", "'path' must be text; put it in quotes if it is"),
        (
            "match: { port: 80 }",
            "port",
            "'port' never matches file.read: such events have none; write a rule of its own",
        ),
        ("unless: {}", "{}", "'unless' is empty, so the rule could never match: leave it out"),
        ("severity: hight", "hight", "unknown severity 'hight'; did you mean 'high'?"),
        ("attack: [x]", "x]", "'x': an ATT&CK technique looks like T1552 or T1552.001"),
        ("best_effort: maybe", "maybe", "'best_effort' must be true or false"),
        ("within: 60s", "within", "'within' belongs to a sequence"),
    ],
)
def test_errors_of_a_rule_point_at_the_word(rule, pointed_at, message):
    text = with_rule(rule)
    column = text.splitlines()[3].rindex(pointed_at) + 1
    assert errors(text) == [f"p.yaml:4:{column}: {message}"]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("labels: { BAD: /x }", "p.yaml:3:11: 'BAD': a label is lower-case letters, digits and '-'"),
        ("labels: []", "p.yaml:3:9: 'labels' must be a mapping"),
        ("labels: { a: [/x, y] }", "p.yaml:3:19: 'y': a path must begin with '/', '~/', '${workspace}' or '**/', or with a drive of Windows, as 'C:/'"),
        ("defaults: deny", "p.yaml:3:11: 'defaults' must be a mapping"),
        ("disable: x", "p.yaml:3:10: 'disable' must be a list"),
        ('include: ""', "p.yaml:3:10: 'include' is empty text"),
        ("tests: [{ event: { on: exec, exe_hash: x }, expect: deny }]", "p.yaml:3:40: 'x': a hash is the 64 hexadecimal digits of SHA-256"),
        ("tests: [{ events: [], expect: deny }]", "p.yaml:3:19: 'events' is an empty list: leave the key out, or say what it means"),
        ("tests: [{ event: { on: exec, pth: x }, expect: deny }]", "p.yaml:3:30: unknown key 'pth'; did you mean 'path'?"),
    ],
)  # fmt: skip
def test_errors_of_other_parts(rest, expected):
    assert errors(f"lictor: 1\nname: p\n{rest}") == [expected]


@pytest.mark.parametrize("action", schema.VERDICTS)
def test_every_action_is_one(action):
    assert load_policy(GOOD.replace("action: deny", f"action: {action}"), "p").rules[0].action == action


def sequence(steps, rest="within: 60s, action: kill"):
    return f"lictor: 1\nname: p\nrules:\n  - {{ id: s, sequence: [{steps}], {rest} }}\n"


def test_a_sequence():
    steps = "{ on: file.read, match: { label: credential } }, { not: true, on: exec, match: { exe: '**/approve' } }, { on: network, count: 3 }"
    (rule,) = load_policy(sequence(steps, "within: 60s, by: process, action: kill"), "p").rules
    assert (rule.within, rule.by, rule.on) == (60 * 10**9, "process", None)
    assert [(s.on, s.count, s.not_) for s in rule.sequence] == [
        (("file.read",), 1, False),
        (("exec",), 1, True),
        (("network",), 3, False),
    ]
    assert rule.sequence[0].match.label == ("credential",)


TWO = "{ on: exec }, { on: exec }"


@pytest.mark.parametrize(
    ("steps", "rest", "pointed_at", "message"),
    [
        ("{ on: exec, count: 0 }, { on: exec }", "within: 1s", "0 }", "'count' must be at least 1"),
        ("{ on: exec, cnt: 2 }, { on: exec }", "within: 1s", "cnt", "unknown key 'cnt'; did you mean 'count'?"),
        ("{ on: exec }, 3", "within: 1s", "3]", "an item of 'sequence' must be a mapping"),
        ("{ on: exec }, { match: {} }", "within: 1s", "{ match", "'on' is missing"),
        (TWO, "within: 60", "60", "'60' is no duration: write a number and ms, s, m, h or d, such as 60s"),
        (TWO, "within: 31d", "31d", "'31d' must be more than nothing and at most 30d"),
        (TWO, "within: 1s, by: pid", "pid", "unknown by 'pid'; supported: agent_run, process, user, path, dst_ip"),
        (", ".join(["{ on: exec }"] * 17), "within: 1s", "[{", "'sequence' has more than 16 items"),
    ],
)
def test_errors_of_a_sequence(steps, rest, pointed_at, message):
    text = sequence(steps, f"{rest}, action: kill")
    assert errors(text) == [f"p.yaml:4:{text.splitlines()[3].rindex(pointed_at) + 1}: {message}"]


def test_all_errors_come_at_once_and_in_order():
    text = (
        GOOD.replace("file.read\n", "file.raed\n")
        .replace("/x", "x")
        .replace("deny }", "dney }")
        .replace("rule: a", "rule: b")
    )
    lines = errors(text)
    assert [line.split(": ")[0] for line in lines] == ["p.yaml:3:25", "p.yaml:6:9", "p.yaml:7:21", "p.yaml:10:67"]


def test_files_are_read_in_order_and_bad_ones_are_named(tmp_path):
    good, latin, absent = tmp_path / "good.yaml", tmp_path / "latin.yaml", tmp_path / "absent.yaml"
    good.write_text(GOOD)
    latin.write_bytes(b"lictor: 1\nname: caf\xe9")
    assert [p.name for p in read_policies([good, str(good)])] == ["p", "p"]
    for path, said in (
        (latin, f"{latin}:2:10: not UTF-8"),
        (absent, f"{absent}:1:1: cannot be read: No such file or directory"),
    ):
        with pytest.raises(PolicyError) as caught:
            read_policies([good, path])
        assert str(caught.value) == said


def test_included_files_are_found_beside_the_file_that_names_them(tmp_path):
    inner, top = tmp_path / "sub" / "inner.yaml", tmp_path / "top.yaml"
    inner.parent.mkdir()
    top.write_text(GOOD + "include: sub/inner.yaml\n")
    inner.write_text("lictor: 1\nname: q\ninclude: ../third.yaml\nrules: [{ id: b, on: exec, action: audit }]\n")
    (tmp_path / "third.yaml").write_text("lictor: 1\nname: r\nlabels: { own: /o }\n")
    (policy,) = read_policies([top])
    assert [r.id for r in policy.rules] == ["b", "a"]
    assert list(policy.texts) == [str(p) for p in (top, inner, tmp_path / "third.yaml")]
    assert policy.places["rules", 0].file == str(inner)
    inner.write_text('lictor: 1\nname: q\ninclude: "a\\0b"\n')
    with pytest.raises(PolicyError, match=rf"{inner}:3:10: .* cannot be read: embedded null byte"):
        read_policies([top])


@given(st.text(max_size=60) | st.text("{}[]:,-\n abcdefghijlmnorstu1*&'\"", max_size=60))
def test_any_text_is_a_policy_or_refused_with_places(text):
    head = "lictor: 1\nname: p\n"
    for candidate in (
        text,
        f"{head}rules: {text}",
        f"{head}labels: {{{text}}}",
        f"{head}tests: [{{ event: {text}, expect: deny }}]",
    ):
        try:
            load_policy(candidate, "f")
        except PolicyError as error:
            problems = error.problems
        else:
            continue
        assert problems
        assert all(1 <= p.line <= candidate.count("\n") + 2 and p.column >= 1 and p.message for p in problems)
