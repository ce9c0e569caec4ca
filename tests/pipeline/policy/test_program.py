from __future__ import annotations

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.holding import Holds
from pipeline.policy.load import load_policy
from pipeline.policy.program import NEVER, Program

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
ONE = """lictor: 1
name: one
defaults: { exec: audit, file.read: deny }
rules:
  - { id: a, on: exec, match: { path: /a }, action: deny, mode: audit }
  - { id: s, on: exec, match: { rate: 1/s }, action: kill }
"""
TWO = """lictor: 1
name: two
defaults: { exec: kill }
rules:
  - { id: b, on: network, match: { path: /run/x }, action: deny }
  - { id: c, on: network, match: { protocol: tcp }, action: deny }
"""


def program():
    return compile_policies([load_policy(ONE, "one.yaml"), load_policy(TWO, "two.yaml")], CONTEXT)


def test_rules_stand_in_the_order_of_the_files_those_with_a_memory_last():
    made = program()
    assert [rule.id for rule in made.rules] == ["a", "b", "c"]
    assert [sequence.rule.id for sequence in made.sequences] == ["s"]
    assert [rule.id for rule in made.all_rules] == ["a", "b", "c", "s"]


def test_of_two_defaults_the_stronger_speaks_for_both():
    assert program().defaults == {"exec": "kill", "file.read": "deny"}


def test_which_rules_only_record_and_which_speak_of_sockets():
    assert program().recording == {("one", "a")}
    assert [rule.names_sockets for rule in program().rules] == [True, True, False]


def test_a_program_of_no_policy_holds_nobody_for_long_and_never_changes():
    empty = Program("", "", "enforce", ())
    assert (empty.holds, empty.on_failure, empty.changes_ns) == (Holds(), None, NEVER)
    assert (empty.all_rules, empty.defaults) == ((), {})
