"""Tools of all agents, each with its own shape of input."""

from __future__ import annotations

import pytest

from lictor.hooks.acts import TOOLS, acts_of
from lictor.hooks.interface import Call


@pytest.fixture
def made(house):
    def of(tool: str, **given: object):
        found = acts_of(Call(tool, given, str(house.repo)), house.around)
        return [
            (a.on, a.path.removeprefix(f"{house.home}/")) if a.path else (a.on, a.domain) for a in found.acts
        ], found

    return of


@pytest.mark.parametrize(
    ("tool", "given", "expected"),
    [
        ("Read", {"file_path": "a", "limit": 3}, [("file.read", "repo/a")]),
        ("read_file", {"absolute_path": "a"}, [("file.read", "repo/a")]),
        ("view_image", {"path": "a"}, [("file.read", "repo/a")]),
        ("Write", {"file_path": "a", "content": "x"}, [("file.create", "repo/a")]),
        ("write_file", {"file_path": "a", "content": "x"}, [("file.create", "repo/a")]),
        ("Edit", {"file_path": "a"}, [("file.read", "repo/a"), ("file.create", "repo/a")]),
        ("MultiEdit", {"file_path": "a"}, [("file.read", "repo/a"), ("file.create", "repo/a")]),
        ("NotebookEdit", {"notebook_path": "a"}, [("file.read", "repo/a"), ("file.create", "repo/a")]),
        ("replace", {"file_path": "a"}, [("file.read", "repo/a"), ("file.create", "repo/a")]),
        ("Grep", {"pattern": "x", "path": "a"}, [("file.read", "repo/a")]),
        ("Grep", {"pattern": "x"}, []),
        ("read_many_files", {"paths": ["a", "b"]}, [("file.read", "repo/a"), ("file.read", "repo/b")]),
        (
            "apply_patch",
            {"command": "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"},
            [("file.create", "repo/a")],
        ),
        ("WebFetch", {"url": "https://a.example", "prompt": "see https://b.example"}, [("net.connect", "a.example")]),
        ("web_fetch", {"prompt": "see https://b.example"}, [("net.connect", "b.example")]),
        ("WebSearch", {"query": "https://b.example"}, []),
        ("Task", {"prompt": "rm -rf /"}, []),
        ("mcp__files__read_file", {"path": "a"}, []),
    ],
)
def test_tools_do_what_their_names_say(made, tool, given, expected):
    assert made(tool, **given)[0] == expected


@pytest.mark.parametrize("tool", ["Bash", "shell", "local_shell", "run_shell_command", "shell_command"])
def test_shells_run_their_command(made, house, tool):
    _, found = made(tool, command="git x > a")
    assert [(a.on, a.argv) for a in found.acts] == [
        ("exec", "bash -c 'git x > a'"),
        ("file.create", None),
        ("exec", "git x"),
    ]
    assert not found.complete


def test_a_command_starts_in_the_folder_that_it_names(made):
    found, _ = made("run_shell_command", command="echo > a", dir_path="sub")
    assert ("file.create", "repo/sub/a") in found
    found, _ = made("exec_command", cmd="echo > a", workdir="..")
    assert ("file.create", "a") in found


def test_a_list_of_words_is_a_program(made):
    _, found = made("shell", command=["git", "a;b"])
    assert [a.argv for a in found.acts] == ["git 'a;b'"]


@pytest.mark.parametrize(
    "given", [{}, {"command": None}, {"command": []}, {"command": {"a": 1}}, {"file_path": 3}, {"path": [None]}]
)
@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_an_input_of_another_shape_gives_no_act_of_a_file(made, tool, given):
    found, all_of_it = made(tool, **given)
    assert found == []
    assert not all_of_it.complete
