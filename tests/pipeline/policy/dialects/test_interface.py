from __future__ import annotations

from pipeline.policy.dialects.interface import Imported, Item, worst

RULE = {"id": "a", "on": ["exec"], "action": "deny"}


def item(name, outcome, safe=(), accepted=()):
    return Item(name, "/x", 1, "text", outcome, safe, accepted, "why")


def test_two_items_may_want_the_same_id():
    document = Imported({"name": "p"}, (item("x", "exact", (RULE,)), item("y", "exact", (RULE, RULE)))).document()
    assert [r["id"] for r in document["rules"]] == ["a", "a-2", "a-3"]


def test_a_wider_item_is_its_safe_rules_until_it_is_accepted():
    one = item("x", "wider", ({**RULE, "id": "safe"},), ({**RULE, "id": "wide"},))
    assert [r["id"] for r in one.rules(frozenset())] == ["safe"]
    assert [r["id"] for r in one.rules(frozenset({"x"}))] == ["wide"]
    assert [r["id"] for r in item("x", "narrower", (RULE,)).rules(frozenset({"x"}))] == ["a"]


def test_the_status_is_1_for_what_is_lost():
    assert worst([item("a", "exact"), item("b", "narrower"), item("c", "setting")]) == 0
    assert worst([item("a", "unsupported")]) == 1
    assert worst([item("a", "wider")]) == 1
    assert worst([item("a", "wider")], frozenset({"a"})) == 0


def test_denies_that_nothing_can_tell_yet_are_kept_and_others_left_as_they_are():
    by_name = {**RULE, "on": ["net.connect"], "match": {"domain": ["a.example"]}}
    rules = Imported({"name": "p"}, (item("x", "exact", (by_name, {**by_name, "action": "allow"}, RULE)),)).document()[
        "rules"
    ]
    assert [r.get("best_effort", False) for r in rules] == [True, False, False]
