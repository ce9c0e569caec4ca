"""What is said of a run that has ended, word for word."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lictor.closing import closing_lines
from lictor.live import LiveRun
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy

TEXT = """\
lictor: 1
name: p
rules:
  - { id: keys, on: file.read, match: { path: /k }, action: deny, because: It is secret., instead: Ask for it. }
"""


def program(mode="enforce"):
    return compile_policies([load_policy(TEXT, "p.yaml")], RunContext("/w", "/h", {}, "u", "h", "a"), mode=mode)


def said(lake=None, **fields):
    source = fields.pop("source", "ebpf")
    live = LiveRun("r-1", 1, "codex", "codex exec x", "/w", "dev", 4, 77, "box", "boot", source, **fields)
    return list(closing_lines(live, lake))


def test_a_run_of_which_there_is_nothing_to_tell():
    assert said(events=5) == ["run r-1: 5 events, none lost, no policy", "look closer: lictor show r-1"]


def test_a_source_that_cannot_count_its_losses_does_not_say_that_there_are_none():
    assert said(events=5, source="portable")[0] == "run r-1: 5 events, none known to be lost, no policy"


def test_the_lake_that_was_named_is_named_again():
    assert said(Path("/a b"))[-1] == "look closer: lictor show --lake '/a b' r-1"


def test_denials_findings_and_reasons_come_first():
    denials = {("file.read", "/k", "keys"): 2, ("net.connect", "192.0.2.1:443", "default:network"): 1}
    findings = {("H1", "keys were read"): 1, ("H2", ""): 3}
    assert said(program=program(), denied=3, events=9, lost=4, denials=denials, findings=findings)[:-1] == [
        "denied: file.read /k (rule keys, 2 times)",
        "denied: net.connect 192.0.2.1:443 (rule default:network)",
        "found: H1: keys were read",
        "found: H2, 3 times",
        "  keys: It is secret. Ask for it.",
        "run r-1: 9 events, 4 lost, 3 denied",
    ]


def test_what_was_not_enforced_would_have_been():
    lines = said(program=program("audit"), denied=1, denials={("file.read", "/k", "keys"): 1})
    assert lines[0] == "would have been denied: file.read /k (rule keys)"
    assert lines[-2] == "run r-1: 0 events, none lost, 1 would have been denied"


@pytest.mark.parametrize(
    ("held", "answers", "sums"),
    [
        (2, {"denied": 2}, "1 denied at once, 2 held, 2 of them denied"),
        (3, {"denied": 2, "released": 1}, "1 denied at once, 3 held, 1 of them released, 2 of them denied"),
        (2, {"gone": 1, "killed": 1}, "1 denied at once, 2 held, 1 of them killed, 1 of them undecided"),
        (0, {}, "1 denied"),
    ],
)
def test_what_was_held_is_told_with_what_came_of_it(held, answers, sums):
    lines = said(program=program(), denied=1, held=held, answers=Counter(answers))
    assert lines[-2] == f"run r-1: 0 events, none lost, {sums}"


def test_a_run_that_was_held_by_hand_needs_no_policy_for_it():
    answers = Counter(released=1)
    assert said(held=1, answers=answers)[0] == "run r-1: 0 events, none lost, no policy, 1 held, 1 of them released"
    lines = said(program=program("audit"), held=1, answers=answers)
    assert lines[0].endswith("none lost, 0 would have been denied, 1 held, 1 of them released")
