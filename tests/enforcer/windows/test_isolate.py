from __future__ import annotations

import os

import pytest

from enforcer.windows import isolate
from enforcer.windows.isolate import Firewall, ProgramBlock

PROGRAM = "C:\\Agents\\node.exe"


def rule(name, way, program=PROGRAM, active="TRUE", action="Block", owner=""):
    return f"v2.31|Action={action}|Active={active}|Dir={way}|App={program}|Name={name}|Desc={owner}|"


@pytest.fixture(autouse=True)
def own(monkeypatch):
    monkeypatch.setattr(isolate.process, "key", lambda _pid: -77)


class Machine:
    """A firewall that does what netsh is told, or only says so."""

    def __init__(self, *, stub=False, off=()):
        self.rules, self.said, self.stub, self.off = [], [], stub, off

    def do(self, command):
        self.said.append(command)
        given = dict(part.split("=", 1) for part in command if "=" in part)
        if not self.stub and "add" in command:
            self.rules.append(rule(given["name"], given["dir"].title(), given["program"], owner=given["description"]))
        if not self.stub and "delete" in command:
            self.rules = [one for one in self.rules if f"|Name={given['name']}|" not in one]
        return 0

    def read(self):
        return Firewall(list(self.rules), self.off)

    def block(self, programs=(PROGRAM,)):
        return ProgramBlock("r1", lambda: programs, do=self.do, read=self.read)


def test_network_is_cut_when_both_rules_are_read_back_and_joined_when_none_is():
    machine = Machine()
    outcome = machine.block((PROGRAM, PROGRAM.upper())).cut()
    assert outcome.confirmed, outcome
    assert len(machine.rules) == 2
    assert "connections from before" in outcome.evidence
    assert machine.block().cut().confirmed
    assert len(machine.said) == 2, "what is there is not added again"
    assert machine.block().join().confirmed
    assert machine.rules == []
    assert machine.block().join().confirmed


def test_exit_code_zero_alone_counts_for_nothing():
    outcome = Machine(stub=True).block().cut()
    assert outcome.enforcement == "failed"
    assert "not there" in outcome.evidence


def test_rules_that_stay_after_a_stub_ran_are_told():
    machine = Machine(stub=True)
    machine.rules = [rule("lictor-r1", "Out")]
    assert machine.block().join().enforcement == "failed"


def test_profile_that_is_off_makes_the_rules_worth_nothing():
    outcome = Machine(off=["PublicProfile"]).block().cut()
    assert (outcome.enforcement, "PublicProfile" in outcome.evidence) == ("failed", True)


def test_run_without_known_programs_fails():
    assert Machine().block(()).cut().enforcement == "failed"


@pytest.mark.parametrize(
    "other",
    [
        rule("other", "Out"),
        rule("lictor-r1", "Out", active="FALSE"),
        rule("lictor-r1", "Out", action="Allow"),
        "v2.31|",
    ],
)
def test_other_rules_are_not_taken_for_ours(other):
    assert ("out", PROGRAM) in isolate.missing("lictor-r1", [PROGRAM], [other])


def test_program_in_a_rule_may_be_written_in_another_case():
    both = [rule("n", way, PROGRAM.upper()) for way in ("In", "Out")]
    assert isolate.missing("n", [PROGRAM], both) == []


def test_netsh_is_called_by_its_whole_path():
    command = isolate.add_command("n", "out", PROGRAM, "Lictor 4 -5")
    assert command[0].lower().endswith("\\system32\\netsh.exe")
    assert f"program={PROGRAM}" in command
    assert "description=Lictor 4 -5" in command


def test_rules_of_a_lictor_that_is_gone_are_found_and_those_of_others_are_not():
    machine = Machine()
    machine.block().cut()
    assert isolate.left_behind(machine.rules, lambda pid, key: (pid, key) == (os.getpid(), -77)) == []
    assert isolate.left_behind(machine.rules, lambda _pid, _key: False) == ["r1"]
    others = [
        rule("lictor-mine", "Out"),
        rule("other", "In", owner="Lictor 4 -5"),
        rule("lictor-x", "In", owner="by Lictor 4 5"),
    ]
    assert isolate.left_behind(others, lambda _pid, _key: False) == []
