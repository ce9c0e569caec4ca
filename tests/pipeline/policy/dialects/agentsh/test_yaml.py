"""YAML as agentsh's loader takes it."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.agentsh.yaml import read
from pipeline.policy.source import PolicyError


def test_the_wanted_type_decides_how_a_scalar_reads():
    found = read(
        "version: 0x1\nname: 1.0\ndescription: yes\nfile_rules:\n- paths: [true, 12]\n  preserve_tree: on\n  timeout: 1m30s\n",
        "p",
    )
    assert found.data == {
        "version": 1,
        "name": "1.0",
        "description": "yes",
        "file_rules": [{"paths": ["true", "12"], "preserve_tree": True, "timeout": "1m30s"}],
    }
    assert found.position(("file_rules", 0, "paths", 1)) == (5, 17)
    assert found.position(("file_rules", 0, "timeout"), key=True) == (7, 3)


def test_anchors_merges_and_nulls_are_taken():
    text = "name: a\nfile_rules:\n- &one\n  name: x\n  paths: &p [/a]\n- <<: *one\n  name: y\n- {paths: *p, operations: }\n"
    assert read(text, "p").data["file_rules"] == [
        {"name": "x", "paths": ["/a"]},
        {"paths": ["/a"], "name": "y"},
        {"paths": ["/a"], "operations": None},
    ]


def test_only_the_first_document_counts():
    assert read("name: a\n---\nnonsense: 1\n", "p").data == {"name": "a"}


def test_contexts_as_words_and_as_depths():
    text = "command_rules:\n- context: [nested]\n- context: [direct, nested]\n- context: {min_depth: 2}\n"
    assert [r["context"] for r in read(text, "p").data["command_rules"]] == [
        {"min_depth": 1, "max_depth": -1},
        {"min_depth": 0, "max_depth": -1},
        {"min_depth": 2},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p:1:1: the file is empty"),
        ("nam: x\n", "p:1:1: unknown key 'nam'; did you mean 'name'"),
        ("name: a\nname: b\n", "p:2:1: key 'name' stands twice"),
        ("version: one\n", "p:1:10: a whole number is wanted"),
        ('version: "1"\n', "p:1:10: a whole number is wanted"),
        ("file_rules: {}\n", "p:1:13: a list is wanted"),
        ("file_rules:\n- paths: /a\n", "p:2:10: a list is wanted"),
        ("file_rules:\n- paths: [[a]]\n", "p:2:11: text is wanted"),
        ("file_rules:\n- timeout: soon\n", "p:2:12: a duration"),
        ("resource_limits: 1\n", "p:1:18: a mapping is wanted"),
        ("audit:\n  log_allowed: maybe\n", "p:2:16: true or false"),
        ("command_rules:\n- context: [deep]\n", "p:2:12: unknown context 'deep'"),
        ("name: [a\n", "p:2:1: not readable as YAML"),
        ("x: &a [*a]\n", "p:1:1: unknown key 'x'"),
    ],
)
def test_what_the_loader_refuses(text, message):
    with pytest.raises(PolicyError, match=message.replace("[", r"\[")):
        read(text, "p")


def test_all_problems_are_told_at_once():
    with pytest.raises(PolicyError) as found:
        read("a: 1\nb: 2\nversion: x\n", "p")
    assert [p.line for p in found.value.problems] == [1, 2, 3]


def test_a_bomb_of_aliases_is_refused():
    lines = ["env_inject: {}", "providers:", "  a: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"  b{i}: &a{i + 1} [{','.join(['*a' + str(i)] * 10)}]" for i in range(8)]
    with pytest.raises(PolicyError, match="too many"):
        read("\n".join(lines), "p")
