from __future__ import annotations

from dataclasses import replace

import pytest
import re2

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider, Facts
from pipeline.policy.holding import Holds
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import PolicyError, load_policy
from pipeline.policy.quantities import moment_ns

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


def compiled(*rules, rest="", context=CONTEXT):
    return compile_policies([policy(f"{rest}rules:\n" + "".join(f"- {{ {rule} }}\n" for rule in rules))], context)


def test_a_label_is_its_patterns_here():
    program = compiled(
        "id: a, on: file.read, match: { label: [own, guard] }, action: deny",
        rest='labels: { own: ["${CACHE}/**", ~/x] }\n',
    )
    (rule,) = program.rules
    assert [(g.kind, g.literal) for g in rule.match.labelled][:2] == [("subtree", "/c"), ("exact", "/home/u/x")]
    assert "/etc/lictor" in {g.literal for g in rule.match.labelled}
    assert rule.match.paths == ()
    assert set(program.layers[0].labels) == {"own", "guard"}


def test_a_label_without_a_value_is_told_where_it_is_named():
    with pytest.raises(PolicyError) as caught:
        compiled(
            "id: a, on: file.read, match: { label: own }, action: deny", rest='labels: { own: ["/x", "${NO}/y"] }\n'
        )
    assert [(p.line, p.column) for p in caught.value.problems] == [(6, 43)]
    assert "'${NO}/y': '${NO}' has no value here" in str(caught.value)


def test_a_variable_without_a_value_is_told_in_the_file_of_its_rule():
    base = 'lictor: 1\nname: b\nrules: [{ id: a, on: exec, match: { parent: "${NO}/x" }, action: deny }]'
    made = load_policy("lictor: 1\nname: p\ninclude: b.yaml", "p.yaml", lambda _name, _including: (base, "b.yaml"))
    with pytest.raises(PolicyError, match=r"^b\.yaml:3:45: "):
        compile_policies([made], CONTEXT)


def test_texts_are_expressions_that_match_whole_texts():
    (rule,) = compiled("id: a, on: exec, match: { argv: '*.x', parent: ~/x, user: 'a?' }, action: deny").rules
    found = {
        key: [bool(re2.fullmatch(r, text)) for r in regexes for text in ("a.x", "/home/u/x", "ax")]
        for key, regexes in rule.match.texts
    }
    assert found == {"argv": [True, False, False], "parent": [False, True, False], "user": [False, False, True]}


def test_an_expired_rule_is_left_out_and_the_next_change_is_known():
    rules = [f"id: r{year}, on: exec, action: deny, expires: {year}-01-01" for year in (2026, 2030, 2028)]
    rules.append("id: always, on: exec, action: audit")
    at = replace(CONTEXT, now_ns=moment_ns("2027-06-01"))
    assert [r.id for r in compiled(*rules, context=at).rules] == ["r2030", "r2028", "always"]
    assert compiled(*rules, context=at).changes_ns == moment_ns("2028-01-01")
    assert [r.id for r in compiled(*rules, context=replace(at, now_ns=moment_ns("2028-01-01"))).rules] == [
        "r2030",
        "always",
    ]
    assert compiled(*rules[3:]).changes_ns == 2**63 - 1


def test_rules_with_a_memory_are_sequences():
    program = compiled(
        "id: fast, on: net.connect, match: { rate: 100/60s, net: external }, action: deny",
        "id: dirty, on: net.send, match: { taint: credential }, unless: { exe: /x }, action: kill",
        "id: plain, on: exec, action: audit",
        "id: seq, sequence: [{ on: file.read, match: { label: credential } }, { on: exec, not: true }, { on: network, count: 3 }], within: 2m, by: user, action: isolate",
    )
    fast, dirty, seq = program.sequences
    assert [r.id for r in program.rules] == ["plain"]
    assert (fast.steps[0].count, fast.within_ns, fast.by) == (101, 60 * 10**9, "agent_run")
    assert (fast.rule.action, fast.steps[0].rule.action, fast.steps[0].rule.match.nets) == (
        "deny",
        "audit",
        ("external",),
    )
    assert (dirty.steps[0].rule.match.taint, dirty.steps[0].count) == ({"credential"}, 1)
    assert dirty.steps[0].rule.unless.exes[0].literal == "/x"
    assert [(s.rule.on, s.count, s.negated) for s in seq.steps] == [
        ({"file.read"}, 1, False),
        ({"exec"}, 1, True),
        ({"network"}, 3, False),
    ]
    assert (seq.rule.on, seq.rule.action, seq.within_ns, seq.by) == ({"network"}, "isolate", 120 * 10**9, "user")
    assert "credential" in program.layers[0].labels


def test_rules_that_only_record():
    program = compiled(
        "id: a, on: exec, action: deny, mode: audit",
        "id: b, on: exec, action: deny",
        "id: c, on: exec, match: { rate: 1/s }, action: kill, mode: audit",
    )
    assert program.recording == {("p", "a"), ("p", "c")}
    assert [r.enforce for r in program.rules] == [False, True]


def test_guarded_files_are_kept_as_they_are_by_a_layer_of_their_own():
    program = compile_policies([policy("defaults: { file.write: allow }")], CONTEXT, guarded=["/w/[odd] *.yaml"])
    rules = program.layers[-1].rules
    assert {(r.action, r.policy) for r in rules} == {("deny", "lictor")}
    assert {"file.write", "file.delete", "file.chmod"} <= {s for r in rules for s in r.on}
    assert ("exact", "/w/[odd] *.yaml") in [(g.kind, g.literal) for g in rules[0].match.paths]
    assert compile_policies([], CONTEXT, guarded=["/x"]).layers == ()
    assert (program.name, program.version) == ("p", policy("defaults: { file.write: allow }").version)


def test_limits_are_those_of_the_policies_in_scope():
    away = policy("scope: { agents: [other] }\nholds: { limit: 1s, ask: kill }\non_failure: closed", "away")
    here = policy("holds: { limit: 2m, ask: release }\non_failure: open", "here")
    program = compile_policies([away, here], CONTEXT)
    assert (program.holds, program.on_failure) == (Holds(120.0, "release", "kill"), "open")
    assert compile_policies([away], CONTEXT).holds == Holds()


ASKING = (
    "id: push, on: file.write, match: { path: '/w/x/**' }, action: ask",
    "id: burst, on: exec, match: { rate: 5/s }, action: freeze",
    "id: no, on: file.write, match: { path: /w/x/no }, action: deny",
)


def written(program, path):
    decider = Decider(program)
    found = decider.decide(Facts("file.write", frozenset({"write"}), path=decider.path(path)))
    return found.verdict, found.rule


def test_who_is_excused_passes_and_is_recorded_until_the_time_is_up():
    head = "defaults: { file.write: deny, exec: ask }\n"
    excused = {"push": 200, "burst": 300, "default:exec": 400}
    asked = compiled(*ASKING, rest=head, context=CONTEXT)
    free = compiled(*ASKING, rest=head, context=replace(CONTEXT, now_ns=100, excused=excused))
    assert written(asked, "/w/x/y") == ("ask", "push")
    assert written(free, "/w/x/y") == ("audit", "push"), "the default behind it must not deny what was released"
    assert written(free, "/w/x/no") == written(asked, "/w/x/no") == ("deny", "no")
    assert written(free, "/w/y") == written(asked, "/w/y") == ("deny", "default:file.write")
    assert [s.rule.action for s in free.sequences] == ["audit"]
    assert free.defaults == {"file.write": "deny", "exec": "allow"}
    assert (free.version, free.changes_ns, asked.changes_ns) == (asked.version, 200, 2**63 - 1)
    later = compiled(*ASKING, rest=head, context=replace(CONTEXT, now_ns=200, excused=excused))
    assert written(later, "/w/x/y") == ("ask", "push")
    assert (later.defaults["exec"], later.changes_ns) == ("allow", 300)


def test_the_kernel_holds_nobody_who_is_excused():
    def actions(**context):
        plan = kernel_plan(
            compiled(ASKING[0], rest="defaults: { file.write: deny }\n", context=replace(CONTEXT, **context))
        )
        return [rule.action for rule in plan.rules], plan.defaults["file.write"]

    assert actions() == (["ask"], "deny")
    (held,), default = actions(excused={"push": 1})
    assert held not in ("ask", "deny")
    assert default == "deny"


@pytest.mark.parametrize(("name", "place"), [("no", "p.yaml:8:63"), ("default:file.write", "p.yaml:4:25")])
def test_what_denies_cannot_be_excused(name, place):
    head = "defaults: { file.write: deny, exec: ask }\n"
    with pytest.raises(PolicyError, match=f"^{place}: '{name}' says deny: only what asks or freezes can be excused"):
        compiled(*ASKING, rest=head, context=replace(CONTEXT, excused={name: 1}))
    assert compiled(*ASKING, rest=head, context=replace(CONTEXT, now_ns=1, excused={name: 1})).rules, "its time is up"
