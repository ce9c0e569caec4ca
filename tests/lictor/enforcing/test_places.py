from __future__ import annotations

from pathlib import Path

import pytest

from lictor.enforcing.places import concerns, places
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


def test_devices_and_what_the_kernel_makes_up_are_no_files(told):
    assert told(("deny", "/dev/sda"), ("deny", "/proc/sys/**"), ("deny", "/sys/fs/**")) == ["/home/a/work"]


def test_the_way_to_a_policy_file_is_not_watched_but_the_file_is(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text("lictor: 1\nname: p\n")
    program = compile_policies(read_policies([file]), CONTEXT, guarded=["/opt/house/policies/p.yaml"])
    assert places(program, CONTEXT) == [Path("/home/a/work"), Path("/opt/house/policies/p.yaml")]


def test_below_the_top_of_a_pattern_only_what_it_names_is_of_concern(tmp_path):
    text = "  - { id: r, on: [file.write], action: deny, match: { path: ['~/.config/*/settings', '~/.ssh/**'] } }\n"
    file = tmp_path / "policy.yaml"
    file.write_text(HEAD + text)
    is_one = concerns(compile_policies(read_policies([file]), CONTEXT))
    for path in ("/home/a/.config/x/settings", "/home/a/.ssh/id", "/home/a/.ssh"):
        assert is_one(path)
    for path in ("/home/a/.config/x/cache", "/home/a/.config", "/elsewhere"):
        assert not is_one(path)


def test_without_a_policy_nothing_elsewhere_is_of_concern():
    assert not concerns(None)("/etc/passwd")
