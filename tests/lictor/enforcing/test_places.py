from __future__ import annotations

from pathlib import Path

import pytest

from lictor.enforcing.places import places
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import read_policies

HEAD = "lictor: 1\nname: p\nrules:\n"
CONTEXT = RunContext("/home/a/work", "/home/a", {}, "a", "host", "agent")


@pytest.fixture
def told(tmp_path):
    def tell(*rules):
        text = "".join(
            f"  - {{ id: r{n}, on: [file.write], action: {a}, match: {{ path: ['{p}'] }} }}\n"
            for n, (a, p) in enumerate(rules)
        )
        file = tmp_path / "policy.yaml"
        file.write_text(HEAD + text)
        return [str(p) for p in places(compile_policies(read_policies([file]), CONTEXT), CONTEXT)]

    return tell


def test_the_workspace_comes_first_and_alone_without_a_policy():
    assert places(None, CONTEXT) == [Path("/home/a/work")]


def test_files_trees_and_plain_beginnings_of_patterns(told):
    found = told(("deny", "~/.bashrc"), ("deny", "~/.ssh/**"), ("audit", "/etc/app/*.conf"))
    assert found == ["/home/a/work", "/etc/app", "/home/a/.bashrc", "/home/a/.ssh"]


def test_what_lies_inside_another_is_left_out(told):
    assert told(("deny", "~/.ssh/**"), ("deny", "~/.ssh/id"), ("deny", "${workspace}/x/**")) == [
        "/home/a/work",
        "/home/a/.ssh",
    ]


def test_what_would_be_all_of_the_machine_is_left_out(told):
    assert told(("deny", "/**"), ("deny", "/home/*/x"), ("deny", "**/.env"), ("deny", "~/**")) == ["/home/a/work"]


def test_what_is_allowed_is_not_looked_at(told):
    assert told(("allow", "~/.cache/**")) == ["/home/a/work"]
