"""Sentences about order. What their sequences match is the correlator's matter; here is what they are made of."""

import pytest

from pipeline.policy.draft import draft
from pipeline.policy.draft.sequences import sequence_in
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml


@pytest.mark.parametrize(
    ("sentence", "name", "missing"),
    [
        ("Always run the tests before committing.", "commit-without-tests", "pytest *"),
        ("Run `make lint` before you push.", "push-without-make lint", "make lint"),
        ("Before every commit, run `npm test`.", "commit-without-npm test", "npm test"),
        ("Never commit without running `npm test`.", "commit-without-npm test", "npm test"),
        ("Never push code without passing tests.", "push-without-tests", "pytest"),
        ("All tests must pass before opening a pull request.", "pull request-without-tests", "pytest"),
        ("Run `cargo fmt` after every change.", "commit-without-cargo fmt", "cargo fmt"),
        ("Lint and format before each commit.", "commit-without-linters or formatters", "eslint"),
    ],
)
def test_what_should_have_run_in_between(sentence, name, missing):
    found, _, rule = sequence_in(sentence)
    edited, absent, done = rule["sequence"]
    assert found == name
    assert edited["on"] == ["file.write"]
    assert absent["not"]
    assert missing in absent["match"]["argv"]
    assert done["match"]["argv"][0].startswith(("git ", "gh "))


@pytest.mark.parametrize(
    "sentence",
    [
        "Do not run the tests before committing.",
        "Read the guide before committing.",
        "You may run `npm test` before committing.",
        "If the parser changed, run `make parser` before committing.",
        "Call `check_all()` before committing.",
        "Run `make lint` before lunch.",
        "The tests run after changes.",
    ],
)
def test_no_order_that_events_could_show(sentence):
    assert sequence_in(sentence) is None


def test_the_language_takes_it():
    document = draft("Run the tests before committing.").document
    (rule,) = load_policy(to_yaml(document), "draft.yaml").rules
    assert [step.not_ for step in rule.sequence] == [False, True, False]
