"""docs/policy.md says all that the policy's model takes, is not stale, and its examples are good ones."""

from __future__ import annotations

import re

import pytest
import yaml

from pipeline import schema
from pipeline.policy import checks
from pipeline.policy.combine import STOPPING
from pipeline.policy.context import RunContext
from pipeline.policy.kinds import ACTIONS
from pipeline.policy.labels import BUILT_IN
from pipeline.policy.load import load_policy
from pipeline.policy.testing import run_tests
from pipeline.policy.text import to_yaml
from tools import generated, policy_docs

PAGE = policy_docs.render()
FIELDS = [(shape, key, field) for shape in policy_docs.SHAPES for key, field in policy_docs.keys(shape).items()]
EXAMPLES = [(shape, key, example) for shape, key, field in FIELDS for example in field.examples or ()]
STEPS = [{"on": "exec"}, {"on": "fork"}, {"on": "exit"}]
RULE = {"id": "credentials", "on": "exec", "action": "deny"}
INCLUDED = "lictor: 1\nname: base\nrules: [{ id: too-strict, on: exec, action: deny }]\n"


def section(heading):
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def document(shape, key, value):
    """The smallest policy in which a key of a shape has a value."""
    whole = {"lictor": 1, "name": "p", "include": "base.yaml", "rules": [RULE]}
    if shape == "Document":
        whole |= {key: value}
    if shape == "Rule":
        sequence = {"id": "s", "sequence": STEPS, "within": "1s", "action": "deny"}
        whole["rules"] = [(sequence if key in ("sequence", "within", "by") else RULE) | {key: value}]
    if shape == "Match":
        selector = next(s for s in schema.SELECTORS if checks.applies(key, s))
        whole["rules"] = [RULE | {"on": selector, "match": {key: value}}]
    if shape == "Step":
        on = {} if key == "on" else {"on": ["file.read", "file.write"]}
        whole["rules"] = [
            {"id": "s", "sequence": [STEPS[0], on | {key: value}, STEPS[2]], "within": "1s", "action": "deny"}
        ]
    if shape == "Scope":
        del whole["include"]
        whole["scope"] = {key: value}
    if shape == "TestEvent":
        whole["tests"] = [{"event": {"on": "exec"} | {key: value}, "expect": "deny"}]
    if shape == "PolicyTest":
        usual = {"expect": "deny"} if key == "events" else {"event": {"on": "exec"}, "expect": "deny"}
        whole["tests"] = [usual | {key: value}]
    return whole


def test_page_in_the_tree_is_fresh():
    assert not generated.difference(generated.ROOT / "docs" / "policy.md", PAGE), "run: make docs"


@pytest.mark.parametrize(("shape", "key", "field"), FIELDS, ids=[f"{s}.{k}" for s, k, _ in FIELDS])
def test_every_key_has_a_meaning_and_an_example(shape, key, field):
    assert field.description
    assert field.examples
    assert f"| `{key}` |" in section(policy_docs.SHAPES[shape])


@pytest.mark.parametrize(("shape", "key", "example"), EXAMPLES, ids=[f"{s}.{k}" for s, k, _ in EXAMPLES])
def test_every_example_is_a_policy_that_loads(shape, key, example):
    load_policy(to_yaml(document(shape, key, example)), "top.yaml", lambda name, _including: (INCLUDED, name))


def test_examples_stand_in_the_page_as_yaml_has_them():
    for shape, key, example in EXAMPLES:
        cells = re.findall(r"`(\w+: [^`]+)`", section(policy_docs.SHAPES[shape]))
        read = [yaml.load(f"{{{cell}}}".replace("\\|", "|"), yaml.BaseLoader) for cell in cells]
        assert {key: as_text(example)} in read, (shape, key)


def as_text(value):
    """Every scalar as the text that YAML has for it."""
    if isinstance(value, dict):
        return {key: as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_shape_of_the_schema_has_its_section():
    assert set(policy_docs.SHAPES) == {"Document", *policy_docs.model.json_schema()["$defs"]}


def test_every_word_of_the_language_is_named():
    values = section("Values")
    assert list(policy_docs.DOES) == list(ACTIONS)
    assert all(f"`{w}`" in values for w in (*ACTIONS, *schema.SEVERITIES, *schema.SELECTORS, *schema.OPERATION_BY_NAME))


def test_every_built_in_label_stands_with_its_patterns():
    for name, patterns in BUILT_IN.items():
        listed = section("Labels").split(f"### `{name}`\n\n```\n")[1].split("\n```")[0]
        assert tuple(listed.splitlines()) == patterns


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(#([^)]+)\)", PAGE))))
def test_every_link_has_its_heading(link):
    assert link in {policy_docs.anchor(heading) for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}


def test_types_are_said_in_words():
    types = re.findall(r"^\| `\w+` \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert len(types) >= len(FIELDS)
    assert not [t for t in types if re.search(r"^[A-Z][a-z]+$|None|anyOf|string", t)]


def test_the_policies_of_the_readme_hold_what_they_say():
    blocks = re.findall(r"```yaml\n(.*?)```", (generated.ROOT / "policies" / "README.md").read_text(), re.DOTALL)
    whole, tests = blocks
    text = whole + tests.removeprefix("tests:\n")
    policy = load_policy(text, "top.yaml", lambda name, _including: (INCLUDED, name))
    results = run_tests(policy, RunContext("/w", "/home/u", {}, "u", "h", "a"))
    assert [r.text for r in results if not r.passed] == []
    assert len(results) == 2


def test_the_readme_names_every_key_of_a_match_and_every_action_that_stops():
    readme = (generated.ROOT / "policies" / "README.md").read_text()
    named = [re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) for section in readme.split("\n## ")]
    actions, keys = (found for found in named if found)
    assert set(keys) == set(policy_docs.keys("Match"))
    assert actions == list(STOPPING)
