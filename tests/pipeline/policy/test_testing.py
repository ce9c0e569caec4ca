from __future__ import annotations

import pytest

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy, read_policies
from pipeline.policy.testing import explain_enforcement, run_tests

CONTEXT = RunContext("/w", "/home/u", {"SOCKET": "/run/s"}, "u", "h", "a")
POLICY = """
lictor: 1
name: p
scope: { users: [somebody-else] }
defaults: { file.write: deny, network: deny }
rules:
  - { id: key, on: file.read, match: { path: ~/.ssh/id }, unless: { exe: /usr/bin/ssh }, action: deny }
  - { id: tool, on: exec, match: { exe: /opt/tool }, action: kill }
  - { id: web, on: net.connect, match: { port: 443, protocol: tcp }, action: allow }
  - { id: socket, on: net.connect, match: { path: "${SOCKET}" }, action: deny }
  - { id: server, on: net.bind, match: { port: 80 }, action: audit }
tests:
"""


def outcome(*tests):
    policy = load_policy(POLICY + "\n".join(f"  - {t}" for t in tests), "p.yaml")
    return [(r.passed, r.text) for r in run_tests(policy, CONTEXT)]


@pytest.mark.parametrize(
    "test",
    [
        "{ event: { on: file.read, path: ~/.ssh/id }, expect: deny, rule: key }",
        '{ event: { on: file.read, path: "${HOME}/.ssh/id", exe: /usr/bin/ssh }, expect: allow }',
        "{ event: { on: file.write, path: ~/.ssh/id, intent: [read, write] }, expect: deny, rule: key }",
        "{ event: { on: file.create, path: /x }, expect: deny, rule: 'default:file.write' }",
        "{ event: { on: file.rename, path: /x, path_to: /y }, expect: deny }",
        "{ event: { on: exec, path: /opt/tool }, expect: kill, rule: tool }",
        "{ event: { on: exec, path: ./run, script: ./run, exe: /opt/tool }, expect: kill }",
        "{ event: { on: net.connect, dst_ip: 8.8.8.8, dst_port: 443 }, expect: allow, rule: web }",
        "{ event: { on: net.connect, dst_ip: 8.8.8.8, dst_port: 443, protocol: udp }, expect: deny }",
        '{ event: { on: net.connect, path: "${SOCKET}", protocol: unix }, expect: deny, rule: socket }',
        "{ event: { on: net.bind, src_ip: 0.0.0.0, src_port: 80 }, expect: audit }",
        "{ event: { on: fork }, expect: allow }",
    ],
)
def test_events_mean_what_they_say_whatever_the_scope(test):
    ((passed, text),) = outcome(test)
    assert passed, text


def test_a_mismatch_says_what_came_and_what_was_expected():
    assert outcome(
        "{ event: { on: file.read, path: ~/.ssh/id, exe: /bin/cat }, expect: allow }",
        "{ event: { on: exec, path: /opt/tool }, expect: kill, rule: key }",
        "{ event: { on: fork }, expect: deny }",
    ) == [
        (False, "file.read path=~/.ssh/id exe=/bin/cat: deny by key, expected allow"),
        (False, "exec path=/opt/tool: kill by tool, expected kill by key"),
        (False, "fork: allow by no rule, expected deny"),
    ]


def test_a_variable_without_a_value_fails_its_test_only():
    results = outcome(
        '{ event: { on: file.read, path: "${NO}/x" }, expect: deny }', "{ event: { on: fork }, expect: allow }"
    )
    assert [passed for passed, _ in results] == [False, True]
    assert "'${NO}' has no value here" in results[0][1]


def test_results_have_their_place():
    policy = load_policy(POLICY + "  - { event: { on: fork }, expect: allow }", "p.yaml")
    (result,) = run_tests(policy, CONTEXT)
    assert (result.policy, result.number, result.place) == ("p", 1, "p.yaml:13:5")


@pytest.mark.parametrize("name", ["coding-agent", "observe"])
def test_ready_made_policies_pass_their_own_tests(name, pytestconfig):
    (policy,) = read_policies([pytestconfig.rootpath / "policies" / f"{name}.yaml"])
    results = run_tests(policy, CONTEXT)
    assert len(results) > 5
    assert [r.text for r in results if not r.passed] == []
    assert policy.name == name


def test_the_coding_agents_policy_is_enforced_in_the_kernel_but_for_deletes(pytestconfig):
    program = compile_policies(read_policies([pytestconfig.rootpath / "policies" / "coding-agent.yaml"]), CONTEXT)
    after = [e for e in explain_enforcement(program) if e.where.startswith("user space")]
    assert {e.operations for e in after} == {("file.delete",)}
