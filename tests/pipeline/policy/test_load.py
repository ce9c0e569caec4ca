from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.load import PolicyError, load_policy, read_policies

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
    assert policy.places["rules", 0] == (5, 5)
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
    ],
)
def test_one_error_with_its_place(text, expected):
    assert errors(text) == [expected]


@pytest.mark.parametrize(
    ("rule", "pointed_at", "message"),
    [
        ("mach: {}", "mach", "unknown key 'mach'; did you mean 'match'?"),
        ("match: { pth: /x }", "pth", "unknown key 'pth'; did you mean 'path'?"),
        ("match: { label: secret }", "label", "matching by label comes with a later version; name the files by 'path'"),
        ("match: { path: [] }", "[]", "'path' is an empty list: leave the key out, or say what it means"),
        ("match: { path: [/a, x] }", "x]", "'x': a path must begin with '/', '~/', '${workspace}' or '**/'"),
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
        ("within: 60s", "within", "'within' belongs to sequence rules, which come with a later version"),
    ],
)
def test_errors_of_a_rule_point_at_the_word(rule, pointed_at, message):
    text = with_rule(rule)
    column = text.splitlines()[3].rindex(pointed_at) + 1
    assert errors(text) == [f"p.yaml:4:{column}: {message}"]


@pytest.mark.parametrize("action", ["ask", "freeze", "quarantine", "isolate"])
def test_actions_to_come_are_refused_with_what_is_there(action):
    (line,) = errors(GOOD.replace("action: deny", f"action: {action}"))
    assert line == f"p.yaml:8:13: action '{action}' comes with a later version; supported: allow, audit, deny, kill"


def test_a_sequence_rule_is_told_once():
    text = "lictor: 1\nname: p\nrules:\n  - id: a\n    sequence: [{ on: file.read }]\n"
    assert errors(text) == [
        "p.yaml:5:5: sequence rules come with a later version; write one rule with 'on' and 'match' for each step"
    ]


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


@given(st.text(max_size=60) | st.text("{}[]:,-\n abcdefghijlmnorstu1*&'\"", max_size=60))
def test_any_text_is_a_policy_or_refused_with_places(text):
    for candidate in (text, f"lictor: 1\nname: p\nrules: {text}"):
        try:
            load_policy(candidate, "f")
        except PolicyError as error:
            problems = error.problems
        else:
            continue
        assert problems
        assert all(1 <= p.line <= candidate.count("\n") + 2 and p.column >= 1 and p.message for p in problems)
