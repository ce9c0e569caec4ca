"""The report of an export."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.dialects.openshell.export import EXPORTER
from pipeline.policy.load import load_policy

NONE = frozenset()
HEAD = (
    "lictor: 1\nname: t\ndefaults: {file.read: deny, file.write: deny, file.delete: deny, exec: deny, network: deny}\n"
)


def items(*rules, head=HEAD, accepted=NONE):
    text = head + "rules:\n" + "".join(f"  - {rule}\n" for rule in rules)
    return {i.name: i for i in EXPORTER.write(load_policy(text, "t.yaml"), accepted).items}


def test_every_rule_has_its_line_and_pointer():
    found = items("{id: a, on: file.chmod, action: deny}", "{id: b, on: exec, action: deny}")
    assert (found["a"].line, found["a"].pointer) == (5, "/rules/0")
    assert (found["b"].line, found["b"].pointer) == (6, "/rules/1")
    assert all(i.outcome in OUTCOMES and (i.outcome == "exact" or i.why) for i in found.values())


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("{id: r, on: exec, match: {path: /x}, action: deny}", "exact"),
        ("{id: r, on: exec, match: {path: /x}, action: deny, mode: audit}", "setting"),
        ("{id: r, on: net.listen, action: deny}", "unsupported"),
        ("{id: r, on: file.chmod, action: allow}", "setting"),
        ("{id: r, on: file.read, match: {path: '**/x'}, action: allow}", "unsupported"),
        ("{id: r, on: file.read, match: {path: /x/**}, action: allow}", "unsupported"),
        ("{id: r, on: file.read, match: {path: /x}, action: allow}", "wider"),
        ("{id: r, on: [file.read, exec], match: {path: [/x/**, '**/y']}, action: allow}", "narrower"),
        ("{id: r, on: [file.read, exec], match: {path: [/x/**, /y/**]}, action: audit}", "narrower"),
        ("{id: r, on: exec, match: {exe: /x/**}, action: audit}", "unsupported"),
        ("{id: r, on: [file.read, exec, file.write, file.delete], match: {path: /x/**}, action: allow}", "narrower"),
        ("{id: r, on: net.send, match: {ip: 10.0.0.1}, action: allow}", "unsupported"),
        ("{id: r, on: net.connect, match: {ip: 10.0.0.1, port: 1}, action: allow}", "wider"),
    ],
)
def test_outcomes(rule, outcome):
    assert items(rule)["r"].outcome == outcome


def test_defaults():
    open_ = items(
        "{id: a, on: fork, action: audit}", head="lictor: 1\nname: t\ndefaults: {net.bind: deny, exec: audit}\n"
    )
    said = {n.removeprefix("default:"): i.outcome for n, i in open_.items() if n.startswith("default:")}
    assert said == {
        "net.bind": "unsupported",
        "exec": "exact",
        "file.read": "exact",
        "file.write": "narrower",
        "file.delete": "narrower",
        "network": "narrower",
    }


def test_scope_mode_and_nothing_listed_are_told():
    found = items("{id: a, on: exec, action: deny}", head=HEAD + "mode: audit\nscope: {users: [ci]}\n")
    assert (found["scope"].outcome, found["mode"].outcome) == ("setting", "narrower")
    assert found["filesystem"].outcome == "narrower"


def test_what_is_given_up_is_wider_and_says_so():
    allow = "{id: a, on: [file.read, exec], match: {path: /x/**}, action: allow}"
    stop = "{id: s, on: file.read, match: {path: /x/y}, action: kill}"
    assert items(allow, stop)["s"].outcome == "wider"
    assert "/x" in items(allow, stop)["s"].why
    given = items(allow, stop, accepted=frozenset(["s"]))
    assert (given["a"].outcome, given["s"].outcome) == ("narrower", "wider")
