"""Statements of Cedar, and the corpus: what Leash's own tests call valid or not."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.leash.cedar import Scope, parse
from pipeline.policy.dialects.leash.expressions import Entity
from pipeline.policy.source import PolicyError
from tests.corpus import ROOT, corpus

FOLDER = ROOT / "policies" / "leash"
MANIFEST = json.loads((FOLDER / "MANIFEST.json").read_text()) if (FOLDER / "MANIFEST.json").exists() else []
STATED = {e["file"]: e["expected_guess"] == "valid?" for e in MANIFEST if e["expected_guess"] != "unknown"}

KNOWN = {
    name: "'<caret>' marks where the completion is asked for; with it the text is no Cedar"
    for name, valid in STATED.items()
    if valid and (FOLDER / name).exists() and "<caret>" in (FOLDER / name).read_text()
    and '"<caret>"' not in (FOLDER / name).read_text()
}  # fmt: skip
"""Files whose expectation is about something else than parsing."""


def test_the_corpus_is_there():
    corpus("policies", "leash", "cedar")
    assert sum((FOLDER / name).exists() for name in STATED) > 10
    assert len(KNOWN) < 8


@pytest.mark.parametrize("name", [n for n in STATED if (FOLDER / n).exists()])
def test_stated_expectations(name):
    text = (FOLDER / name).read_text()
    if STATED[name] and name not in KNOWN:
        assert parse(text, name)
    else:
        with pytest.raises(PolicyError, match=r":[0-9]+:[0-9]+: "):
            parse(text, name)


def test_a_statement_with_everything():
    text = '@id("one")\n@reason("why")\nforbid (principal is U in G::"g", action in [Action::"A", N::Action::"B",],\nresource in Dir::"/x",)\nwhen { true }\nunless { false };'
    (found,) = parse(text, "p")
    assert (found.effect, found.line, found.column) == ("forbid", 3, 1)
    assert found.annotations == {"id": "one", "reason": "why"}
    assert found.principal == Scope("is", "U", (Entity("G", "g"),))
    assert found.action == Scope("in", "", (Entity("Action", "A"), Entity("N::Action", "B")))
    assert found.resource == Scope("in", "", (Entity("Dir", "/x"),))
    assert [(c.kind, c.body.op) for c in found.conditions] == [("when", "true"), ("unless", "false")]
    assert found.text.startswith("@id")
    assert "\n" not in found.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("allow (principal, action, resource);", "1:1: a policy begins with permit or forbid, not 'allow'"),
        ("permit (action, principal, resource);", "1:9: 'principal' is wanted"),
        ("permit (principal, action, resource)", "1:37: ';' is wanted here, not 'end of file'"),
        ("permit (principal, action == , resource);", "1:30: an entity"),
        ("permit (principal, action is Action, resource);", "1:27: ',' is wanted"),
        ('@a("1") @a("2") permit (principal, action, resource);', "1:10: annotation '@a' stands twice"),
        ("@a(b) permit (principal, action, resource);", "1:4: a text in double quotes"),
        ("permit (principal, action, resource == A::1);", "1:43: behind '::' stands"),
        ("permit (principal, action, resource) when true;", "1:43: '{' is wanted"),
    ],
)  # fmt: skip
def test_what_is_no_statement(text, message):
    with pytest.raises(PolicyError, match=message):
        parse(text, "p")


def test_an_empty_file_has_no_statements():
    assert parse(" // nothing\n", "p") == []
