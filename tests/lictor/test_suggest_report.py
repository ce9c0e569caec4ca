from __future__ import annotations

from lictor.suggest_report import as_json, summary, table
from lictor.suggesting import Suggestion
from pipeline.policy.analysis.suggest import REFUSED, REVIEW, Left
from pipeline.policy.analysis.suggest_document import Reason

FOUND = Suggestion(
    {}, "", (Reason("write-x", "file.write", "/x/**", 0.75, 3, 9, "/x/1"),),
    (Left(REFUSED, "file.write", "~/.bashrc", 1, 1, "it has the label persistence"), Left(REVIEW, "network", "1.1.1.1:1", 2, 5, "too few runs did this")),
    ("a", "b", "c", "d"), {"e": "2 denials"},
)  # fmt: skip


def test_rules_come_first_then_what_a_person_must_look_at():
    assert [(r["outcome"], r["rule"], r["what"], r["stability"], r["runs"]) for r in table(FOUND).to_pylist()] == [
        ("allowed", "write-x", "/x/**", 0.75, 3), ("needs review", None, "1.1.1.1:1", 0.5, 2), ("refused", None, "~/.bashrc", 0.25, 1),
    ]  # fmt: skip


def test_all_of_it_as_one_object():
    found = as_json(FOUND)
    assert (found["runs"], found["skipped"]) == (["a", "b", "c", "d"], {"e": "2 denials"})
    assert found["rules"][0]["rule"] == "write-x"
    assert [one["why"] for one in found["left"]] == ["it has the label persistence", "too few runs did this"]


def test_summary():
    assert summary(FOUND) == [
        "nothing was learned from run e: 2 denials",
        "1 rules from 4 runs; 1 things need review, 1 are refused",
    ]
