"""All patterns together: each is a rule that the language takes, and none takes long over any text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.draft.patterns import PATTERNS
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.name)
def test_each_is_a_rule_of_the_language(pattern):
    rule = {
        "id": pattern.name,
        "title": pattern.title,
        "on": list(pattern.on),
        "match": dict(pattern.match),
        "action": "deny",
    }
    unless = {"unless": dict(pattern.unless)} if pattern.unless else {}
    load_policy(to_yaml({"lictor": 1, "name": "one", "mode": "audit", "rules": [{**rule, **unless}]}), "one.yaml")


WORDS = st.sampled_from(
    [
        "install",
        "new",
        "any",
        "all",
        "push",
        "commits",
        "code",
        "or",
        "and",
        "/",
        ",",
        "edit",
        "delete",
        "to",
        "the",
        "main",
        "run",
        "database",
        "migrations",
        "files",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4), st.integers(1, 250))
def test_no_text_takes_long(words, times):
    text = " ".join(words * times)[:1000]
    begun = time.process_time()
    for pattern in PATTERNS:
        pattern.about.match(text)
    assert time.process_time() - begun < 2
