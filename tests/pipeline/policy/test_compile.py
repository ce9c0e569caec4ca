from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import PolicyError, load_policy

CONTEXT = RunContext("/w/[odd] {dir}", "/home/u", {"CACHE": "/c"}, "u", "box", "codex")


def policy(rest="", name="p", mode="enforce"):
    return load_policy(f"lictor: 1\nname: {name}\nmode: {mode}\n{rest}", f"{name}.yaml")


def test_variables_are_filled_in_literally():
    program = compile_policies(
        [
            policy(
                'rules: [{ id: a, on: file.read, match: { path: ["${workspace}/**", ~/x, "${CACHE}/*"] }, action: deny }]'
            )
        ],
        CONTEXT,
    )
    found = [(g.kind, g.literal) for g in program.rules[0].match.paths]
    assert found == [("subtree", "/w/[odd] {dir}"), ("exact", "/home/u/x"), ("pattern", "")]


def test_all_variables_without_a_value_are_told_with_their_places():
    text = 'rules:\n- { id: a, on: file.read, match: { path: ["${NO}/x", /y, "${NOR}"] }, action: deny }\n'
    with pytest.raises(PolicyError) as caught:
        compile_policies([policy(text)], CONTEXT)
    assert [(p.line, p.column) for p in caught.value.problems] == [(5, 43), (5, 58)]
    assert "'${NO}' has no value here" in str(caught.value)


def test_a_variable_must_not_make_a_path_relative():
    text = 'rules: [{ id: a, on: file.read, match: { path: "${REL}/x" }, action: deny }]'
    with pytest.raises(PolicyError, match="must begin with"):
        compile_policies([policy(text)], replace(CONTEXT, env={"REL": "a/b"}))


def test_a_program_of_one_policy_has_its_version_and_of_two_a_joint_one():
    one, two = policy(name="one"), policy(name="two")
    alone, both = compile_policies([one], CONTEXT), compile_policies([one, two], CONTEXT)
    assert (alone.name, alone.version) == ("one", one.version)
    assert both.name == "one+two"
    assert len({both.version, one.version, two.version, compile_policies([two, one], CONTEXT).version}) == 4
    assert len(both.version) == 64


def test_a_policy_out_of_scope_is_named_and_not_in_force():
    program = compile_policies([policy("scope: { agents: [other] }\ndefaults: { exec: kill }")], CONTEXT)
    assert (program.rules, program.defaults, program.out_of_scope) == ((), {}, ("p",))


def test_the_strongest_default_of_each_selector():
    program = compile_policies(
        [policy("defaults: { exec: audit, exit: audit }", "a"), policy("defaults: { exec: kill }", "b")], CONTEXT
    )
    assert program.defaults == {"exec": "kill", "exit": "audit"}


def test_rules_know_their_place_policy_and_severity():
    text = "rules:\n- { id: a, on: exec, action: kill, attack: [T1059] }\n- { id: b, on: exec, action: allow }\n- { id: c, on: exec, action: deny, severity: low }"
    rules = compile_policies([policy(text)], CONTEXT).rules
    assert [(r.id, r.place, r.severity) for r in rules] == [
        ("a", "p.yaml:5:3", "high"),
        ("b", "p.yaml:6:3", None),
        ("c", "p.yaml:7:3", "low"),
    ]
    assert (rules[0].attack, rules[0].policy_version) == (("T1059",), policy(text).version)


def test_mode_is_the_files_or_the_callers():
    enforce = policy("rules: [{ id: a, on: exit, action: deny }]")
    assert compile_policies([enforce], CONTEXT, mode="audit").mode == "audit"
    with pytest.raises(PolicyError, match="nothing can deny exit"):
        compile_policies([enforce], CONTEXT)
    assert (
        compile_policies([policy(mode="audit", name="a"), policy(name="b")], CONTEXT, mode="enforce").mode == "enforce"
    )


def test_which_rules_speak_of_unix_sockets():
    text = "rules:\n" + "\n".join(
        f"- {{ id: r{i}, on: net.connect, match: {{ {match} }}, action: deny }}"
        for i, match in enumerate(["", "path: /run/x", "protocol: [tcp, unix]", "protocol: tcp", "exe: /bin/a"])
    )
    assert [r.names_sockets for r in compile_policies([policy(text)], CONTEXT).rules] == [
        False,
        True,
        True,
        False,
        False,
    ]
