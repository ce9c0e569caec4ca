"""What is written is read back: by the policy's own reader, and by PyYAML's, which knows nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.policy.load import load_policy
from pipeline.policy.source import read_tree
from pipeline.policy.text import WIDTH, to_yaml

strings = st.sampled_from(
    ["on", "yes", "No", "y", "null", "~", "~/x", "true", "1e5", "-1E-5", "0x10", "22:80", "007", "1_000", "2027-01-31", ".inf", "=", "<<",
     "a: b", "a #b", "#a", "- a", "[a", "{a}", "*", "**/.env", "&a", "!a", "%a", "@a", "`a", "'", '"', "\\", "${workspace}/**", ", ", "",
     " a", "a ", "a\nb", "a\n\n  b\n", "\ta", "\x85", "\u2028", "\ufeff", "\x07", "\U0001f600", "---", "...", "x" * 200, "word " * 60]
)  # fmt: skip
words = strings | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e15, 1e15) | words
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
rules = st.dictionaries(
    st.sampled_from(["id", "on", "match", "because", "sequence", "action", "title"]), values, min_size=1
)
tests = st.fixed_dictionaries({"expect": values}, optional={"event": values, "events": values, "rule": values})
documents = st.fixed_dictionaries(
    {"lictor": st.just(1), "name": words},
    optional={
        "description": words, "mode": values, "defaults": st.dictionaries(words, scalars, max_size=3), "include": values,
        "labels": st.dictionaries(words, st.lists(words, max_size=3), max_size=2),
        "rules": st.lists(rules, max_size=3), "tests": st.lists(tests, max_size=3),
    },
)  # fmt: skip


def as_yaml_1_1_reads(data):
    """The one key that PyYAML takes for a truth, put right."""
    if isinstance(data, dict):
        return {"on" if key is True else key: as_yaml_1_1_reads(value) for key, value in data.items()}
    return [as_yaml_1_1_reads(value) for value in data] if isinstance(data, list) else data


@given(documents)
@example({"lictor": 1, "name": "p", "rules": [{"on": "on", "id": "1e5"}]})
def test_what_is_written_is_read_back(document):
    text = to_yaml(document)
    assert read_tree(text, "f").data == document
    assert as_yaml_1_1_reads(yaml.safe_load(text)) == document


@given(documents)
def test_what_was_read_is_written_the_same(document):
    text = to_yaml(document)
    assert to_yaml(read_tree(text, "f").data) == text


@pytest.mark.parametrize("name", ["coding-agent", "observe"])
def test_ready_made_policies_stay_what_they_are(name, pytestconfig):
    text = (pytestconfig.rootpath / "policies" / f"{name}.yaml").read_text()
    again = to_yaml(read_tree(text, "f").data)
    before, after = load_policy(text, "f"), load_policy(again, "f")
    assert replace(after, version=before.version) == before
    assert max(map(len, again.splitlines())) <= WIDTH


def test_a_policy_looks_as_a_person_writes_it():
    document = {
        "rules": [
            {"action": "deny", "match": {"path": ("/etc/**", "**/.env")}, "on": ["file.read"], "id": "etc", "because": "no " * 60},
            {"id": "seq", "action": "kill", "within": "60s", "sequence": [{"on": "exec", "match": {"user": "no"}}, {"on": "exit"}]},
        ],
        "tests": [{"expect": "deny", "event": {"on": "file.read", "path": "~/x"}}],
        "labels": {"own": ["/a/**", "~/b"]},
        "defaults": {"exec": "allow"}, "name": "p", "lictor": 1,
    }  # fmt: skip
    text = to_yaml(document, comment="From settings.json\n\nby hand")
    assert text.splitlines() == [
        "# From settings.json",
        "#",
        "# by hand",
        "lictor: 1",
        "name: p",
        "labels:",
        "  own:",
        "  - /a/**",
        "  - ~/b",
        "defaults: {exec: allow}",
        "rules:",
        "  - id: etc",
        "    on: [file.read]",
        "    match: {path: [/etc/**, '**/.env']}",
        "    action: deny",
        *[line for line in text.splitlines() if "no no" in line],
        "  - id: seq",
        "    sequence: [{on: exec, match: {user: 'no'}}, {on: exit}]",
        "    within: 60s",
        "    action: kill",
        "tests:",
        "  - {event: {on: file.read, path: ~/x}, expect: deny}",
    ]


def test_an_unknown_key_comes_last_and_is_kept():
    assert to_yaml({"strange": [1], "name": "p", "lictor": 1}) == "lictor: 1\nname: p\nstrange: [1]\n"
