"""Every target of every kind of host keeps to the interface: no more than is wanted, nothing left at the end."""

from __future__ import annotations

import pytest

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.targets.interface import Host, Wanted
from pipeline.policy.targets.order import available

TEXT = """lictor: 1
name: p
defaults: { network: deny }
rules:
  - { id: a, on: [file.read, exec, net.bind], match: { exe: /bin/a }, action: deny }
  - { id: b, on: file.read, match: { path: "/x/*.y" }, action: kill }
"""
WANTED = [
    Wanted("a", "p", "deny", frozenset({"file.read", "exec", "net.bind"})),
    Wanted("b", "p", "kill", frozenset({"file.read"})),
    Wanted("default:network", "p", "deny", frozenset({"net.connect", "net.send"})),
]


@pytest.mark.parametrize("sensor", [True, False])
@pytest.mark.parametrize("network", [True, False])
def test_targets_take_what_is_wanted_and_together_all_of_it(sensor, network):
    program = compile_policies([load_policy(TEXT, "p")], RunContext("/w", "/h", {}, "u", "h", "a"))
    left = {one.rule: set(one.operations) for one in WANTED}
    for target in available(Host(sensor, network)):
        answers = target.answers(program, WANTED)
        assert len(answers) == len(WANTED)
        for one, answer in zip(WANTED, answers, strict=True):
            for share in answer.shares:
                assert share.operations <= one.operations
                left[one.rule] -= share.operations
    assert not any(left.values())
