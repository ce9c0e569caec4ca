"""Commands of scripts: bash itself says which commands it runs, with which words."""

from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.hooks.shell import LARGEST, Simple, parse

# bash runs the handler in a process of its own: a file for each, for the commands of a pipe write at once.
TELL = 'command_not_found_handle() { printf "%s\\0" "$@" >"$LOG/$BASHPID"; return ${RC:-0}; }\n'

SCRIPTS = [
    "aa b 'c d'",
    "aa && bb || cc; dd",
    "aa | bb -x | cc",
    "(aa; bb) ; cc",
    "{ aa; bb; } >/dev/null",
    "if aa; then bb; else :; fi; cc",
    "for i in 1; do aa $HOME; done",
    "for i in 1\ndo\naa\ndone\nbb",
    "! aa\n\n  bb # aa cc",
    "A=1 B='x y' aa b",
    "A=1\naa",
    "aa >/dev/null 2>&1 b",
    "aa <<EOF\nbb cc\nEOF\ndd",
    "aa <<'EOF' | bb\nit's \"$(cc)\nEOF\n",
    "[[ a == a && -n x ]] && aa",
    "[ -n x ] && aa",
    "aa \\\n  b",
    "aa &\nwait",
    "aa b=c -- --d='e f'",
    "time aa",
    'aa "b $HOME c" ~/d',
    "until aa; do bb; done",
]


def told_by_bash(script: str, log) -> list[list[str]]:
    log.mkdir(exist_ok=True)
    environment = {"LOG": str(log), "PATH": "/nonexistent", "HOME": "/h"}
    subprocess.run(["/bin/bash", "-c", TELL + script], env=environment, capture_output=True, check=False, timeout=20)
    return [file.read_bytes().decode().split("\0")[:-1] for file in log.iterdir()]


def commands(script: str) -> list[list[str]]:
    steps = [s for s in parse(script, "/h") if isinstance(s, Simple) and s.words]
    return [[w.text for w in s.words] for s in steps if s.words[0].text not in (":", "wait", "[")]


@pytest.mark.parametrize("script", SCRIPTS)
def test_commands_are_those_that_bash_runs(script, tmp_path):
    # Each of our scripts runs all its commands but those of the untaken side of ||, else, until.
    ran = told_by_bash(script, tmp_path / "log")
    found = commands(script)
    assert ran
    assert all(command in found for command in ran)
    skipped = {"aa && bb || cc; dd": [["cc"]], "until aa; do bb; done": [["bb"]]}.get(script, [])
    assert [c for c in found if c not in ran] == skipped


@pytest.mark.parametrize(
    ("script", "read"),
    [
        ("aa; case $x in a) bb;; esac; cc", ["aa"]),
        ("aa; f() { bb; }; cc", ["aa"]),
        ("aa\n'bb", ["aa"]),
        ("aa; function f { bb; }", ["aa"]),
        ("aa; for ((i=0;i<3;i++)); do bb; done", ["aa"]),
        ("aa; )", ["aa"]),
        ("aa >", []),
        ("aa; [[ x", ["aa"]),
    ],
)
def test_reading_ends_at_what_is_not_understood(script, read):
    assert [c[0] for c in commands(script)] == read


def test_redirections_keep_their_operator_and_target():
    (step,) = parse("aa <in 2>>err >|'o u t' &>all <<<word", "/h")
    assert [(o, t.text) for o, t in step.redirects] == [
        ("<", "in"),
        (">>", "err"),
        (">|", "o u t"),
        ("&>", "all"),
        ("<<<", "word"),
    ]


def test_subshells_are_marked():
    assert [s if isinstance(s, str) else s.words[0].text for s in parse("(aa); bb", "/h")] == ["(", "aa", ")", "bb"]


def test_commands_inside_of_any_part_are_kept():
    steps = parse('X=$(a) for "$(b)" >$(c) <<E\n$(d)\nE\n[[ $(e) ]]; for i in $(f); do :; done', "/h")
    assert sorted(inner for s in steps if isinstance(s, Simple) for inner in s.inner) == ["a", "b", "c", "d", "e", "f"]


def test_the_tilde_is_unknown_where_the_script_sets_home():
    (first, *_) = parse("aa ~/x; HOME=/y", "/h")
    assert not first.words[1].known


def test_nul_is_dropped_as_bash_drops_it():
    assert commands("a\0a b") == [["aa", "b"]]


def test_a_script_longer_than_any_argument_is_not_read():
    assert parse("a " * LARGEST, "/h") == []


@pytest.mark.parametrize("piece", ["$(", '"$(', "(", "((", "`", "<(", "${", "a;", "<<a\n", "'", "\\", "[[ ", "for "])
def test_no_script_takes_long(piece):
    began = time.process_time()
    parse(piece * (LARGEST // len(piece) - 1), "/h")
    assert time.process_time() - began < 5


@given(st.text(alphabet="ab \n\t'\"$(){}[]<>|&;\\`#~*=!-0", max_size=60))
def test_no_text_is_an_error(text):
    for step in parse(text, "/h"):
        assert step in ("(", ")") or isinstance(step, Simple)
