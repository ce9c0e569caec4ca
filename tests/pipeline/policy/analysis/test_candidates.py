from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.analysis.candidates import Author
from pipeline.policy.analysis.changes import Book, changed, document
from pipeline.policy.analysis.samples import filled
from pipeline.policy.analysis.views import views
from pipeline.policy.checks import applies
from pipeline.policy.model import TestEvent

POLICY = """
lictor: 1
name: p
defaults: { file.write: deny }
rules:
  - { id: key, on: file.read, match: { path: [~/k, ~/l] }, unless: { exe: [/ssh] }, action: deny }
  - { id: own, on: file.write, match: { path: "${workspace}/**" }, action: allow }
  - { id: two, on: file.delete, match: { path: /t }, unless: { exe: [/rm], path: [/t] }, action: deny }
  - { id: log, on: exec, match: { path: /x }, action: deny, mode: audit }
"""


def candidates(world, policy, event, closing=None):
    author = Author(Book(policy), event, world.context)
    seen = views(world.asked(policy).program, event, world.context)
    return [c for v in seen for c in (author.closing(v, closing) if closing else author.opening(v))]


def texts(world, event, *, closing=None, text=POLICY):
    policy = world.load(text)
    found = candidates(world, policy, filled(event, world.context), closing)
    assert all(changed([policy], edits) is not None for _, edits in found)
    return dict(found)


def test_a_rule_that_stops_may_get_an_exception_record_only_or_go(world):
    found = texts(world, TestEvent(on="file.read", path="~/k", exe="/cat"))
    assert found["except exe /cat from rule 'key'"][0].raw["unless"] == {"exe": ["/ssh", "/cat"]}
    assert {"let rule 'key' only record", "take out rule 'key'"} <= set(found)
    rest, part = found["take ~/k out of rule 'key' into one of its own that excepts exe /cat"]
    assert (rest.raw["match"], part.raw["match"]) == ({"path": ["~/l"]}, {"path": ["~/k"]})
    assert not any("except path" in text for text in found), "it would narrow the exception that is there"


def test_a_default_may_be_lifted_by_a_new_rule_a_longer_one_or_changed(world):
    found = texts(world, TestEvent(on="file.write", path="/etc/[x]", exe="/vi"))
    new = found["add a rule that is allow for exe /vi and path /etc/\\[x\\]"][0]
    assert new.raw == {
        "id": "allow-x",
        "on": "file.write",
        "match": {"exe": "/vi", "path": "/etc/\\[x\\]"},
        "action": "allow",
    }
    assert found["add path /etc/\\[x\\] to rule 'own'"][0].raw["match"] == {"path": ["${workspace}/**", "/etc/\\[x\\]"]}
    assert "change the default of file.write to allow" in found


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (TestEvent(on="file.read", path="~/k", exe="/ssh"), "take exe back out of the exceptions of rule 'key'"),
        (TestEvent(on="file.write", path="/home/u/w/x"), "take out rule 'own'"),
        (TestEvent(on="exec", path="/x"), "let rule 'log' count"),
        (TestEvent(on="file.read", path="~/m", exe="/cat"), "add path ~/m to rule 'key'"),
        (TestEvent(on="exec", path="/y"), "change the default of exec to deny"),
        (
            TestEvent(on="net.connect", dst_ip="8.8.8.8", dst_port=1),
            "add a rule that is deny for ip 8.8.8.8 and port 1",
        ),
    ],
)
def test_what_passes_may_be_closed_where_it_came_through(world, event, expected):
    assert expected in texts(world, event, closing="deny")


def test_one_key_of_an_exception_is_taken_back_and_the_others_stay(world):
    found = texts(world, TestEvent(on="file.delete", path="/t", exe="/rm"), closing="deny")
    (edit,) = found["take exe back out of the exceptions of rule 'two'"]
    assert edit.raw["unless"] == {"path": ["/t"]}


def test_paths_are_written_from_the_workspace_and_the_home_folder(world):
    found = texts(world, TestEvent(on="file.read", path="/home/u/w/a b"), closing="deny")
    assert "add a rule that is deny for path ${workspace}/a b" in found
    found = texts(world, TestEvent(on="file.read", path="/home/u/x"), closing="deny")
    assert {"add a rule that is deny for path ~/x", "add a rule that is deny for path ~/**"} <= set(found)


MIXED = "{{lictor: 1, name: p, rules: [{{id: r, on: {on}, action: ask}}]}}"


@pytest.mark.parametrize(
    ("on", "event", "excepted"),
    [
        ("[exec, file.create]", TestEvent(on="exec", path="/x", argv="x y"), ["path /x"]),
        ("[file.create, exec]", TestEvent(on="file.create", path="/d/x", exe="/y"), ["exe /y and path /d/x", "exe /y and path /d/**", "path /d/x", "path /d/**", "exe /y"]),
        ("exec", TestEvent(on="exec", path="/x", argv="x y"), ["argv x y and path /x", "path /x", "argv x y"]),
        ("[exec]", TestEvent(on="exec", path="/x", argv="x y"), ["argv x y and path /x", "path /x", "argv x y"]),
        ("[net.connect, exec]", TestEvent(on="net.connect", dst_ip="8.8.8.8", dst_port=1, exe="/y"), ["exe /y"]),
        ("[network, file.read]", TestEvent(on="net.send", domain="x.test", dst_port=1, exe="/y"), ["exe /y"]),
        ("[file.read, fork]", TestEvent(on="file.read", path="/x", exe="/y"), ["exe /y"]),
    ],
)  # fmt: skip
def test_an_exception_uses_only_what_all_that_the_rule_is_on_can_have(world, on, event, excepted):
    found = texts(world, event, text=MIXED.format(on=on))
    rest = ["let rule 'r' only record", "take out rule 'r'"]
    assert list(found) == [*(f"except {keys} from rule 'r'" for keys in excepted), *rest]


@pytest.mark.parametrize(
    ("on", "event", "own", "excepted"),
    [
        ("[exec, fork]", TestEvent(on="exec", path="/x", argv="x"), ["exec"], ["argv x and path /x", "path /x", "argv x"]),
        ("[exec, file.create]", TestEvent(on="exec", argv="x"), ["exec"], ["argv x"]),
        ("[network, exec]", TestEvent(on="net.send", dst_ip="8.8.8.8"), ["network"], ["ip 8.8.8.8"]),
        ("[file.read, exit, file.write]", TestEvent(on="file.write", path="/x"), ["file.write"], ["path /x"]),
    ],
)  # fmt: skip
def test_where_they_have_nothing_in_common_the_operation_gets_a_rule_of_its_own(world, on, event, own, excepted):
    found = texts(world, event, text=MIXED.format(on=on))
    made = [f"take {own[0]} out of rule 'r' into one of its own that excepts {keys}" for keys in excepted]
    assert list(found) == [*made, "let rule 'r' only record", "take out rule 'r'"]
    rest, part = found[made[0]]
    assert (rest.kind, rest.rule, part.kind, part.rule) == ("replace", "r", "add", "r-apart")
    assert (part.raw["on"], part.raw["action"]) == (own, "ask")
    assert sorted([*rest.raw["on"], *own]) == sorted(on.strip("[]").split(", "))
    assert "unless" not in rest.raw


def test_what_cannot_be_told_at_all_is_not_excepted(world):
    found = texts(world, TestEvent(on="fork"), text=MIXED.format(on="[fork, exec]"))
    assert list(found) == ["let rule 'r' only record", "take out rule 'r'"]


def mixed(data, rng):
    """The document with operations of every class in its rules, as far as their keys allow."""
    for rule in data["rules"]:
        keys = {*rule["match"], *rule.get("unless", {})}
        others = [s for s in schema.SELECTORS if s not in rule["on"] and all(applies(key, s) for key in keys)]
        rule["on"] += rng.sample(others, min(len(others), rng.choice([0, 1, 3, 30])))
    return data


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.sampled_from([None, "ask", "deny"]))
def test_what_is_written_is_a_policy_whatever_its_rules_are_on(world, rng, closing):
    """Trying a change does not tell: it works on the model, and the language refuses more than the model does."""
    data, event = mixed(world.document(rng, rules=4), rng), world.event(rng)
    for _, edits in candidates(world, world.load(data), event, closing):
        written = data
        for edit in edits:
            written = document(written, edit)
        world.load(written)
