"""Programs that start others: the real ones are run, and must start what is said here."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from lictor.hooks.shell_words import Lexer
from lictor.hooks.wrappers import WRAPPERS, script_of, started

LINES = [
    "env -i A=1 /bin/echo x",
    "env -u HOME -- A=1 /bin/echo x",
    "env -C / /bin/echo x -n 3",
    "nohup /bin/echo x",
    "setsid -w /bin/echo x",
    "nice -n 5 /bin/echo x",
    "nice -n5 /bin/echo x",
    "timeout -k 1 5 /bin/echo x",
    "timeout --signal=TERM 5 /bin/echo x",
    "stdbuf -oL -e 0 /bin/echo x",
    "xargs -r -n 1 -I {} /bin/echo x",
    "xargs -0n1 /bin/echo x",
    "command -p /bin/echo x",
    "exec -a name /bin/echo x",
]


def split(line: str):
    name, *arguments = Lexer(line, None).tokens()
    return name.text, arguments


@pytest.mark.parametrize("line", LINES)
def test_what_is_started_does_what_the_line_does(line):
    name, arguments = split(line)
    if name not in ("command", "exec") and shutil.which(name) is None:
        pytest.skip(f"no {name} here: install coreutils, findutils and util-linux")
    words = [token.text for token in started(name, arguments)]
    assert words[0] == "/bin/echo"
    whole = subprocess.run(["bash", "-c", line], capture_output=True, check=True, input=b"")
    alone = subprocess.run(words, capture_output=True, check=True, input=b"")
    assert name == "xargs" or whole.stdout == alone.stdout


@pytest.mark.parametrize(
    "line", ["env --split-string x", "sudo --preserve-env x", "timeout -Z 5 x", "env $x y", "nice -$x y"]
)
def test_an_option_that_is_not_known_ends_the_reading(line):
    name, arguments = split(line)
    found = started(name, arguments)
    assert found is None or not found[0].known


@pytest.mark.parametrize("name", sorted(WRAPPERS))
def test_a_wrapper_alone_starts_nothing(name):
    assert not started(name, [])


@pytest.mark.parametrize(
    ("line", "script"),
    [
        ("bash -c 'a b' x", "a b"),
        ("bash -lc a", "a"),
        ("bash -l -c a", "a"),
        ("bash -o pipefail -c a", "a"),
        ("bash -euo pipefail -c a", "a"),
        ("bash --norc -c a", "a"),
        ("sh -c -- a", "a"),
        ("bash file -c a", None),
        ("bash", None),
        ("bash -c", None),
    ],
)
def test_the_script_of_a_shell_is_found(line, script):
    _, arguments = split(line)
    found = script_of(arguments)
    assert (found and found.text) == script


def test_bash_agrees_on_where_its_script_is():
    for options in (
        ["-c"],
        ["-l", "-c"],
        ["-euo", "pipefail", "-c"],
        ["-o", "pipefail", "-c"],
        ["--norc", "-c"],
        ["-c", "--"],
    ):
        line = ["bash", *options, "echo this"]
        assert subprocess.run(line, capture_output=True, check=True).stdout == b"this\n"
        tokens = list(Lexer(" ".join(f"'{word}'" for word in line), None).tokens())
        assert script_of(tokens[1:]).text == "echo this"
