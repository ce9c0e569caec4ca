from __future__ import annotations

import pytest

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.kernel_rules import PathTarget, kernel_selectors, part_of
from pipeline.policy.load import load_policy

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def part(rule):
    text = f"lictor: 1\nname: p\nmode: audit\nlabels: {{ own: [/o, '/p/**'] }}\nrules: [{{ id: r, {rule} }}]"
    return part_of(compile_policies([load_policy(text, "p")], CONTEXT).rules[0])


def test_network_is_both_of_the_kernels_operations():
    assert kernel_selectors(["network", "file.delete", "exec"]) == {"net.connect", "net.send", "exec"}


def test_a_rule_that_is_said_whole():
    found = part(
        "on: file.read, match: { path: ['~/.ssh/**', '**/{.env,.npmrc}'], exe: /bin/a }, unless: { exe: /bin/b }, action: deny"
    )
    assert found.reasons == ()
    assert found.exact == {"file.read"}
    assert found.rule.paths == (
        PathTarget("subtree", "/home/u/.ssh"),
        PathTarget("name", ".env"),
        PathTarget("name", ".npmrc"),
    )
    assert (found.rule.exes, found.rule.not_exes) == (("/bin/a",), ("/bin/b",))


@pytest.mark.parametrize(
    ("match", "networks"),
    [
        ("ip: [10.0.0.0/8, '::ffff:10.1.0.0/112']", ("10.0.0.0/8", "10.1.0.0/16")),
        ("net: loopback", ("127.0.0.0/8", "::1/128", "0.0.0.0/32", "::/128")),
        ("ip: [10.0.0.0/8, 8.8.8.8], net: private", ("10.0.0.0/8",)),
        ("ip: 0.0.0.0/0, net: loopback", ("0.0.0.0/32", "127.0.0.0/8")),
        ("port: [22, 80-90]", ()),
    ],
)
def test_networks(match, networks):
    found = part(f"on: network, match: {{ {match} }}, action: deny")
    assert found.rule.networks == networks
    assert found.rule.operations == {"net.connect", "net.send"}


def test_networks_with_nothing_in_common_leave_nothing_to_say():
    found = part("on: network, match: { ip: 8.8.8.8, net: private }, action: deny")
    assert (found.rule, found.reasons) == (None, ())


@pytest.mark.parametrize(
    ("rule", "operations", "reason"),
    [
        ("on: [file.read, file.delete], action: deny", ("file.delete",), "file.delete: decided in user space"),
        ("on: file.read, match: { path: '/a/*' }, action: deny", ("file.read",), "path '/a/*' is a pattern"),
        ("on: exec, match: { exe: [/a, '/b/**'] }, action: deny", ("exec",), "exe '/b/**' is a pattern"),
        ("on: exec, unless: { path: /a }, action: deny", ("exec",), "'unless' looks at more than exe"),
        ("on: net.connect, match: { path: /run/x }, action: deny", ("net.connect",), "do not see unix sockets"),
        (
            "on: net.connect, match: { protocol: [tcp, unix] }, action: deny",
            ("net.connect",),
            "do not see unix sockets",
        ),
        ("on: exec, match: { argv: '*x*' }, action: deny", ("exec",), "'argv' is looked at in user space"),
        ("on: exec, match: { parent: '**/sh' }, action: deny", ("exec",), "'parent' is looked at in user space"),
        ("on: file.read, match: { user: u }, action: deny", ("file.read",), "'user' is looked at in user space"),
        ("on: file.read, match: { size: '>1B' }, action: deny", ("file.read",), "'size' is looked at in user space"),
        (
            "on: net.connect, match: { domain: x.com }, action: deny",
            ("net.connect",),
            "'domain' is looked at in user space",
        ),
        ("on: net.connect, match: { net: unresolved }, action: deny", ("net.connect",), "found out in user space"),
        ("on: exec, match: { path: /x, label: own }, action: deny", ("exec",), "'path' and 'label' together"),
        ("on: exec, unless: { user: u, exe: /a }, action: deny", ("exec",), "'unless' looks at more than exe"),
    ],
)
def test_reasons_name_their_operations(rule, operations, reason):
    ((found_operations, text),) = part(rule).reasons
    assert found_operations == operations
    assert reason in text


def test_protocols_that_the_kernel_cannot_name_are_left_out_and_the_others_stay():
    assert part("on: net.connect, match: { protocol: [tcp, sctp] }, action: deny").rule.protocols == ("tcp",)
    assert part("on: net.connect, match: { protocol: icmp }, action: deny").rule is None
    assert part("on: net.connect, match: { protocol: [tcp, sctp] }, action: allow").exact == set()


def test_an_exit_has_no_reason_because_nothing_could_be_done():
    assert part("on: exit, action: audit").reasons == ()


@pytest.mark.parametrize("key", ["argv: x", "parent: /x", "user: u", "exe_hash: " + "a" * 64, "size: '>1B'"])
def test_a_rule_that_looks_at_more_than_the_kernel_knows_is_not_there_at_all(key):
    """Without that key it would stop more than it says."""
    found = part(f"on: exec, match: {{ path: /x, {key} }}, action: deny")
    assert (found.rule, found.exact) == (None, set())
    assert part(f"on: exec, match: {{ path: /x }}, unless: {{ {key} }}, action: deny").rule is None


def test_a_label_is_said_by_its_paths():
    found = part("on: file.read, match: { label: own }, action: deny")
    assert found.rule.paths == (PathTarget("exact", "/o"), PathTarget("subtree", "/p"))
    assert (found.exact, found.reasons) == ({"file.read"}, ())


def test_a_label_and_a_path_together_are_more_than_the_kernel_can_say():
    assert part("on: file.read, match: { label: own, path: /o }, action: deny").rule is None
