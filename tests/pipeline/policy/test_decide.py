"""Facts to decisions, one question at a time; the whole against a second reading is in tests/pipeline/steps/test_judge.py."""

from __future__ import annotations

import pytest

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider, Decision, Facts, groups, named_decisions
from pipeline.policy.load import load_policy

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def program(*rules, defaults="", name="p"):
    lines = "\n".join(f"- {{ {rule} }}" for rule in rules) or "  []"
    return compile_policies(
        [load_policy(f"lictor: 1\nname: {name}\ndefaults: {{ {defaults} }}\nrules:\n{lines}", name)], CONTEXT
    )


def decided(program, operation, **columns):
    decider = Decider(program)
    answers = {
        k: getattr(decider, "path" if k in ("path_to", "script") else k)(v)
        for k, v in columns.items()
        if k != "intents"
    }
    found = decider.decide(Facts(operation, intents=frozenset(columns.get("intents", ())), **answers))
    return found.verdict, found.rule


def test_the_strongest_rule_wins_whatever_the_order():
    rules = [f"id: {a}, on: file.read, match: {{ path: /x }}, action: {a}" for a in ("allow", "deny", "kill", "audit")]
    for order in (rules, rules[::-1]):
        assert decided(program(*order, defaults="file.read: deny"), "file.read", path="/x") == ("kill", "kill")


def test_allow_lifts_the_default_and_not_a_deny():
    allow, deny = (
        "id: a, on: file.read, match: { path: '/x/**' }, action: allow",
        "id: d, on: file.read, match: { path: /x/y }, action: deny",
    )
    made = program(allow, deny, defaults="file.read: deny")
    assert decided(made, "file.read", path="/x/z") == ("allow", "a")
    assert decided(made, "file.read", path="/x/y") == ("deny", "d")
    assert decided(made, "file.read", path="/z") == ("deny", "default:file.read")


def test_an_open_for_both_must_pass_as_both():
    made = program(
        "id: a, on: file.read, match: { path: /x }, action: allow", defaults="file.read: deny, file.write: deny"
    )
    assert decided(made, "file.read", path="/x", intents=["read"]) == ("allow", "a")
    assert decided(made, "file.write", path="/x", intents=["read", "write"]) == ("deny", "default:file.write")


def test_an_exception_holds_only_where_it_is_known_to():
    made = program("id: d, on: file.read, match: { path: /x }, unless: { exe: /bin/ssh }, action: deny")
    assert decided(made, "file.read", path="/x", exe="/bin/ssh") == ("allow", None)
    assert decided(made, "file.read", path="/x", exe="/bin/cat") == ("deny", "d")
    assert decided(made, "file.read", path="/x") == ("deny", "d")


def test_keys_of_a_match_are_joined_by_and():
    made = program(
        "id: d, on: net.connect, match: { ip: 10.0.0.0/8, port: [22, 80-90], protocol: tcp, net: private }, action: deny"
    )
    whole = {"ip": "10.1.1.1", "port": 85, "protocol": "tcp"}
    assert decided(made, "net.connect", **whole) == ("deny", "d")
    for change in ({"ip": "11.1.1.1"}, {"port": 91}, {"protocol": "udp"}):
        assert decided(made, "net.connect", **whole | change) == ("allow", None)
    for absent in whole:
        assert decided(made, "net.connect", **{k: v for k, v in whole.items() if k != absent}) == ("allow", None)


def test_the_strongest_of_several_defaults():
    assert decided(program(defaults="file.create: audit, file.write: kill"), "file.create", path="/x") == (
        "kill",
        "default:file.write",
    )
    assert decided(program(defaults="net.connect: audit, network: audit"), "net.connect") == (
        "audit",
        "default:net.connect",
    )


@pytest.mark.parametrize(
    ("address", "bind", "connect"),
    [("0.0.0.0", "e", "l"), ("::", "e", "l"), ("127.0.0.1", "l", "l"), ("8.8.8.8", "e", "e")],
)
def test_the_unspecified_address_is_this_machine_for_a_client_and_everybody_for_a_server(address, bind, connect):
    made = program(
        *(
            f"id: {n[0]}, on: [net.bind, net.connect], match: {{ net: {n} }}, action: audit"
            for n in ("loopback", "external", "private")
        )
    )
    assert (decided(made, "net.bind", ip=address)[1], decided(made, "net.connect", ip=address)[1]) == (bind, connect)


def test_groups_of_selectors():
    assert groups("file.create", frozenset({"read", "write", "create"})) == [
        ("file.create", "file.write"),
        ("file.read",),
    ]
    assert groups("file.open", frozenset()) == [("file.open",)]
    assert groups("file.rename", frozenset({"read"})) == [("file.rename", "file.write")]
    assert groups("registry.set", frozenset()) == []


def test_only_operations_that_something_speaks_of_concern():
    decider = Decider(program("id: d, on: file.read, action: deny", defaults="network: deny"))
    concerned = {o.name for o in schema.OPERATIONS if decider.concerns(o.name)}
    assert concerned == {"file.open", "file.read", "file.write", "file.create", "net.connect", "net.send"}
    assert not decider.concerns("registry.set")


def test_decisions_by_name():
    made = program("id: d, on: file.read, action: deny", defaults="exec: kill")
    found = named_decisions(made)
    assert found["p", "d"] == found[None, "d"] == Decision("deny", "d", "p", made.version, "medium")
    assert found[None, "default:exec"].severity == "high"


def test_without_a_policy_there_is_no_verdict():
    assert Decider(compile_policies([], CONTEXT)).decide(Facts("exec")) == Decision(None)
