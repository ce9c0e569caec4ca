"""Facts to decisions, one question at a time; the whole against a second reading is in tests/pipeline/steps/test_judge.py."""

from __future__ import annotations

import pytest

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import TEXTS, Decider, Decision, Facts, groups, named_decisions
from pipeline.policy.load import load_policy

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def program(*rules, defaults="", name="p"):
    lines = "\n".join(f"- {{ {rule} }}" for rule in rules) or "  []"
    return compile_policies(
        [load_policy(f"lictor: 1\nname: {name}\ndefaults: {{ {defaults} }}\nrules:\n{lines}", name)], CONTEXT
    )


def decided(program, operation, **columns):
    decider = Decider(program)
    found = decider.decide(facts(decider, operation, **columns))
    return found.verdict, found.rule


def facts(decider, operation, intents=(), **columns):
    def answer(key, value):
        if key in TEXTS:
            return decider.text(key, value)
        return getattr(decider, "path" if key in ("path_to", "script") else key)(value)

    return Facts(operation, intents=frozenset(intents), **{k: answer(k, v) for k, v in columns.items()})


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
    assert groups("registry.unload", frozenset()) == []


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


HASH = "ab" * 32


@pytest.mark.parametrize(
    ("match", "operation", "right", "wrong"),
    [
        ("argv: '*--force*'", "exec", {"argv": "git push --force"}, {"argv": "git push"}),
        ("parent: '**/bash'", "exec", {"parent": "/usr/bin/bash"}, {"parent": "/usr/bin/dash"}),
        ("user: [ci-*, 0]", "exec", {"user": "ci-7"}, {"user": "ci"}),
        ("user: 0", "exec", {"user": "0"}, {"user": "00"}),
        ("domain: '*.Example.com'", "net.connect", {"domain": "a.b.example.com."}, {"domain": "example.com"}),
        ("domain: example.com", "net.connect", {"domain": "EXAMPLE.com"}, {"domain": "www.example.com"}),
        (f"exe_hash: {HASH.upper()}", "exec", {"exe_hash": HASH}, {"exe_hash": "cd" * 32}),
        ("size: '>=10kB'", "net.send", {"size": 10_000}, {"size": 9_999}),
        ("size: '<1KiB'", "file.read", {"size": 0}, {"size": 1_024}),
        ("label: credential", "file.read", {"path": "/home/u/.aws/credentials"}, {"path": "/home/u/.aws/config"}),
        ("net: unresolved", "net.connect", {"ip": "8.8.8.8"}, {"ip": "8.8.8.8", "domain": "dns.google"}),
        ("net: unresolved", "net.connect", {"ip": "8.8.8.8", "domain": "no name at all!"}, {"ip": "10.0.0.1"}),
        ("net: external", "net.connect", {"ip": "8.8.8.8", "domain": "dns.google"}, {"domain": "dns.google"}),
    ],
)
def test_each_key_matches_what_it_says_and_never_what_is_not_known(match, operation, right, wrong):
    made = program(f"id: d, on: {operation}, match: {{ {match} }}, action: deny")
    assert decided(made, operation, **right) == ("deny", "d")
    assert decided(made, operation, **wrong) == ("allow", None)
    assert decided(made, operation) == ("allow", None)


def test_path_and_label_are_joined_by_and():
    made = program("id: d, on: file.read, match: { label: credential, path: '/home/**' }, action: deny")
    assert decided(made, "file.read", path="/home/u/.netrc") == ("deny", "d")
    for path in ("/etc/shadow", "/home/u/x"):
        assert decided(made, "file.read", path=path) == ("allow", None)


def test_a_rule_that_only_records_hides_none_that_stops():
    records = "id: records, on: exec, match: { path: /x }, action: kill, mode: audit"
    stops = "id: stops, on: exec, match: { path: '/**' }, action: deny"
    allows = "id: allows, on: exec, match: { path: '/**' }, action: allow"
    assert decided(program(records), "exec", path="/x") == ("kill", "records")
    assert decided(program(records, stops), "exec", path="/x") == ("deny", "stops")
    assert decided(program(records, allows), "exec", path="/x") == ("kill", "records")
    assert decided(program(records, defaults="exec: freeze"), "exec", path="/x") == ("freeze", "default:exec")
    assert decided(program(records, allows, defaults="exec: freeze"), "exec", path="/x") == ("kill", "records")
    assert decided(program(records, defaults="exec: audit"), "exec", path="/x") == ("kill", "records")


def test_a_rule_that_only_records_lifts_no_default():
    allows = "id: allows, on: exec, action: allow, mode: audit"
    assert decided(program(allows, defaults="exec: deny"), "exec", path="/x") == ("deny", "default:exec")


def test_of_equal_rules_the_one_that_stops_speaks():
    rules = ["id: records, on: exec, action: deny, mode: audit", "id: stops, on: exec, action: deny"]
    for order in (rules, rules[::-1]):
        assert decided(program(*order), "exec", path="/x") == ("deny", "stops")


def test_which_rules_speak_of_an_event():
    made = program(
        "id: a, on: file.write, match: { path: /x }, action: allow",
        "id: b, on: file.read, match: { path: /x }, action: deny",
        "id: c, on: network, action: deny",
        "id: d, on: net.connect, match: { protocol: unix }, action: deny",
    )
    decider = Decider(made)
    assert [r.id for r in decider.matching(facts(decider, "file.rename", path="/y", path_to="/x"))] == ["a"]
    assert [r.id for r in decider.matching(facts(decider, "file.write", path="/x", intents=["read", "write"]))] == [
        "a",
        "b",
    ]
    assert [r.id for r in decider.matching(facts(decider, "net.connect", protocol="unix"))] == ["d"]
    assert [r.id for r in decider.matching(facts(decider, "net.connect", protocol="tcp"))] == ["c"]


def test_questions_are_answered_and_give_no_verdict():
    asked = program("id: q, on: exec, match: { argv: '*x*', size: '>1B' }, action: kill").rules[0]
    decider = Decider(program("id: a, on: exec, match: { path: /a }, action: audit"), [asked])
    found = facts(decider, "exec", argv="axb", size=2, path="/b")
    assert decider.matches(asked, found)
    assert not decider.matches(asked, facts(decider, "exec", argv="axb", size=1))
    assert decider.decide(found).rule is None
    assert decider.used >= {"argv", "size"}


def test_only_what_a_rule_looks_at_need_be_found_out():
    usual = {"path", "path_to", "script", "exe", "ip", "port", "protocol"}
    assert Decider(program("id: a, on: exec, action: audit")).used == usual
    assert Decider(program("id: a, on: exec, match: { argv: x, parent: /x, user: u }, action: audit")).used == usual | {
        "argv",
        "parent",
        "user",
    }
    assert Decider(program("id: a, on: network, match: { net: unresolved }, action: audit")).used == usual | {"domain"}


def test_sizes_change_at_their_borders_only():
    decider = Decider(
        program(
            *(
                f"id: r{i}, on: exec, match: {{ size: '{s}' }}, action: audit"
                for i, s in enumerate([">=10B", "<20B", ">15B"])
            )
        )
    )
    borders = decider.size_borders()
    assert borders[0] == 0
    for number in range(30):
        assert decider.size(number) == decider.size(max(b for b in borders if b <= number))
    assert [decider.size(n).bit_count() for n in (9, 10, 16, 20)] == [1, 2, 3, 2]
