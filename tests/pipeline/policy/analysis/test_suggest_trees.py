from __future__ import annotations

import pytest

from pipeline.policy.analysis.suggest_trees import MANY, Node, covers, may_open


def tree(*paths):
    """A tree of (pattern, runs)."""
    root = Node()
    for text, runs in paths:
        for run in runs.split():
            root.add(tuple(text.split("/")), run, 2, text)
    return root


def found(root, need=2, selector="file.write"):
    allowed, left = covers(root, selector, need)
    return {(c.text, len(c.runs)) for c in allowed}, {(c.text, len(c.runs)) for c in left}


def test_what_enough_runs_touched_is_allowed_as_it_is():
    assert found(tree(("/dev/null", "a b c"), ("/opt/x/y", "a"))) == ({("/dev/null", 3)}, {("/opt/x/y", 1)})


def test_the_workspace_is_one_thing():
    assert found(tree(("${workspace}/a", "a"), ("${workspace}/b/c", "b"))) == ({("${workspace}/**", 2)}, set())
    assert found(tree(("${workspace}/a", "a"))) == (set(), {("${workspace}/**", 1)})


def test_different_things_in_one_folder_open_the_narrowest_folder():
    root = tree(("~/.cache/pip/1/x", "a"), ("~/.cache/pip/2/y", "b"), ("~/.cache/uv/z", "a b"))
    assert found(root) == ({("~/.cache/pip/**", 2), ("~/.cache/uv/z", 2)}, set())


def test_what_one_run_did_alone_opens_nothing():
    root = tree(("~/.cache/pip/x", "a b"), *((f"~/.cache/odd/{i}", "a") for i in range(20)))
    assert found(root) == ({("~/.cache/pip/x", 2)}, {("~/.cache/odd/**", 1)})


def test_many_names_in_one_folder_are_the_folder():
    few = [(f"~/.cache/t/{i}", "a b") for i in range(MANY)]
    assert found(tree(*few))[0] == {(text, 2) for text, _ in few}
    assert found(tree(*few, ("~/.cache/t/more", "a b"), ("~/.cache/t/odd", "a"))) == ({("~/.cache/t/**", 2)}, set())


def test_a_folder_that_is_touched_itself_counts_as_a_name():
    assert found(tree(("/opt/x", "a b"), ("/opt/x/y", "a"))) == ({("/opt/x", 2)}, {("/opt/x/y", 1)})


@pytest.mark.parametrize(
    ("folder", "selector", "opened"),
    [
        ("~/.cache", "file.write", True), ("~", "file.write", False), ("~/.config", "file.write", False), ("~/.ssh", "file.write", False),
        ("~/.config/tool", "file.write", True), ("", "file.write", False), ("/tmp", "file.write", True), ("/usr", "file.write", False),
        ("/usr", "file.read", True), ("/etc", "file.read", False), ("/home", "file.read", False), ("/home/bob", "file.write", False),
        ("/home/bob/x", "file.write", True), ("/usr/bin", "exec", False), ("/opt/tool", "exec", True), ("~/.npm", "exec", True),
        ("/opt", "exec", False), ("/var/lib", "file.write", False), ("/var/lib/app", "file.write", True), ("/proc/*", "file.write", False),
        ("/dev/shm", "file.write", True), ("/var", "file.read", False), ("/root/x", "file.write", False),
    ],
)  # fmt: skip
def test_folders_that_may_be_opened(folder, selector, opened):
    assert may_open(tuple(folder.split("/")), selector) is opened


def test_a_closed_folder_gives_its_names_one_by_one():
    root = tree(("~/.config/a", "a"), ("~/.config/b", "b"), ("~/.config/tool/c", "a b"))
    assert found(root) == ({("~/.config/tool/c", 2)}, {("~/.config/a", 1), ("~/.config/b", 1)})


def test_counts_and_the_example_with_its_run():
    [cover], _ = covers(tree(("/opt/x/b", "r2"), ("/opt/x/a", "r1")), "file.write", 2)
    assert (cover.text, cover.runs, cover.events, cover.example, cover.example_run) == (
        "/opt/x/**",
        {"r1", "r2"},
        4,
        "/opt/x/a",
        "r1",
    )
