"""From an instruction file to a document in audit mode; and how well that works on files that other projects really have."""

from __future__ import annotations

import bisect
import hashlib
from dataclasses import dataclass

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.draft import draft
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml
from tests.corpus import corpus

TEXT = """\
# Rules

Never run `git push --force`. Keep functions short.

- Ask before installing dependencies.
- Never log passwords.
- Do not run `git push --force`, ever.
- Never commit without reading the guide.
"""


def test_each_rule_has_its_sentence_and_only_records():
    found = draft(TEXT, file="AGENTS.md")
    assert found.document["mode"] == "audit"
    assert all(rule["mode"] == "audit" for rule in found.document["rules"])
    assert [(r["id"], r["action"], r["origin"]) for r in found.document["rules"]] == [
        ("git-push-force", "deny", "AGENTS.md line 3: Never run `git push --force`."),
        ("install", "ask", "AGENTS.md line 5: Ask before installing dependencies."),
    ]
    assert [p.rule for p in found.proposals] == found.document["rules"]


def test_what_was_left_out_is_told_with_the_reason():
    assert [(s.line, s.reason) for s in draft(TEXT).skipped] == [
        (6, "shows in no event that Lictor records"),
        (7, "says what an earlier sentence says"),
        (8, "depends on something that no event shows"),
    ]


def test_nothing_is_in_force_by_itself():
    policy = load_policy(to_yaml(draft(TEXT).document), "draft.yaml")
    assert policy.mode == "audit"
    assert {rule.mode for rule in policy.rules} == {"audit"}


def test_a_long_sentence_is_cut_in_the_rule_and_a_monstrous_one_skipped():
    long = "Never run `git push --force` " + "and so on " * 60
    (rule,) = draft(long).document["rules"]
    assert len(rule["origin"]) < 340
    assert rule["origin"].endswith("…")
    (skipped,) = draft("Never push " + "x" * 5000).skipped
    assert skipped.reason == "is too long for a sentence"


def test_two_rules_of_one_name_get_two_ids():
    ids = [r["id"] for r in draft("Never publish packages. Never run `gh release create`.").document["rules"]]
    assert len(ids) == len(set(ids)) == 2
    ids = [r["id"] for r in draft("Do not edit `a/b.md`. Do not edit `a-b.md`.").document["rules"]]
    assert ids == ["write-a-b-md", "write-a-b-md-2"]


PIECES = st.sampled_from(
    [
        "Never ",
        "Do not ",
        "Ask before ",
        "run ",
        "edit ",
        "push",
        "`git push`",
        "`",
        "`src/[a]/{b`",
        "`a b'\"\\`",
        "\n",
        "- ",
        "# ",
        ". ",
        ": ",
        "|",
        "\x1b[0m",
        "\u2028",
        "é",
        "--x",
        "when ",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join))
def test_any_text_gives_a_document_that_the_language_takes(text):
    load_policy(to_yaml(draft(text).document), "draft.yaml")


# -- how well it works: the annotated corpus ---------------------------------------------------------------

CHECKABLE = {"per_event", "cross_event"}


@dataclass
class Score:
    """Counts over the proposals and over the statements of several repositories."""

    proposals: int = 0
    right: int = 0
    on_descriptions: int = 0
    checkable: int = 0
    found: int = 0

    @property
    def precision(self):
        return self.right / self.proposals

    @property
    def among_directives(self):
        return self.right / (self.proposals - self.on_descriptions)

    @property
    def recall(self):
        return self.found / self.checkable


def held_out(repository):
    """Half of the repositories, by a hash of the name: patterns were written without looking at them."""
    return hashlib.sha256(repository.encode()).digest()[0] % 2 == 1


@pytest.fixture(scope="module")
def scores():
    found = {False: Score(), True: Score()}
    for folder in sorted(corpus("policies", "actplane", "corpus-statements").iterdir()):
        file = folder / "statements.yaml"
        statements = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["statements"]
        count(found[held_out(folder.name)], statements)
    return found


def count(score, statements):
    """Draft from the statements of one file, joined as they stood in it, and hold the proposals against their classes."""
    text, starts = "", []
    for statement in statements:
        starts.append(text.count("\n") + 1)
        text += statement["text"].strip("\n") + "\n\n"
    classes = [s.get("enforceability") if s["type"] == "directive" else None for s in statements]
    hit = set()
    for proposal in draft(text).proposals:
        index = bisect.bisect_right(starts, proposal.line) - 1
        hit.add(index)
        score.proposals += 1
        score.right += classes[index] in CHECKABLE
        score.on_descriptions += classes[index] is None
    score.checkable += sum(c in CHECKABLE for c in classes)
    score.found += sum(classes[i] in CHECKABLE for i in hit)


@pytest.mark.parametrize("half", [False, True], ids=["seen", "held out"])
def test_proposals_are_about_statements_that_events_can_show(scores, half):
    """Precision before recall: of the checkable statements most name a command to run, which forbids nothing."""
    score = scores[half]
    print(
        f"{'held out' if half else 'seen'}: {score.proposals} proposals, precision {score.precision:.2f} "
        f"({score.among_directives:.2f} among directives), recall {score.recall:.2f} of {score.checkable} checkable statements"
    )
    assert score.precision >= 0.75
    assert score.among_directives >= 0.9
    assert score.recall >= 0.08
