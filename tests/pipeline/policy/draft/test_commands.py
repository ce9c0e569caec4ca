"""Commands and the command lines that they stand for; what matches is asked of the language's own matcher."""

import re

import pytest

from pipeline.policy.draft.commands import argv_of, flag_argv, is_command, is_flag, names, programs_in, words_of
from pipeline.policy.texts import text_regex


def matches(patterns, cmdline):
    return any(re.fullmatch(text_regex(p), cmdline) for p in patterns)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("git push --force", ["git", "push", "--force"]),
        ("npm install <package>", ["npm", "install"]),
        ("FOO=1 make check", ["make", "check"]),
        ("$ cargo fmt", ["cargo", "fmt"]),
        ('git commit -m "x"', ["git", "commit", "-m"]),
        ('npm "x"', []),
        ("pnpm test*", ["pnpm", "test"]),
        ("<any>", []),
    ],
)
def test_words_end_at_the_first_placeholder(text, words):
    assert words_of(text) == words


@pytest.mark.parametrize("text", ["git push", "npm", "docker compose up", "rm -rf build"])
def test_known_programs_are_commands(text):
    assert is_command(text, ran=False)


@pytest.mark.parametrize("text", ["any", "unwrap()", "Foo::bar", "a -> b", "config.json", "useState", "MyApp.app"])
def test_code_is_no_command(text):
    assert not is_command(text, ran=False)


def test_what_is_run_may_be_unknown():
    assert is_command("./tools/wipe.sh", ran=True)
    assert is_command("frobnicate --hard", ran=True)
    assert not is_command("frobnicate --hard", ran=False)
    assert is_command("frobnicate --hard", ran=False, known=frozenset({"frobnicate"}))


def test_a_project_shows_its_programs():
    assert programs_in("frob list --all\n# no comment here\n./run.sh now\nFOO") == {"frob"}


@pytest.mark.parametrize(
    ("command", "cmdline", "wanted"),
    [
        ("git push --force", "git push --force", True),
        ("git push --force", "/usr/bin/git push origin main --force", True),
        ("git push --force", "git push --force-with-lease", False),
        ("git push --force", "git push", False),
        ("npm publish", "node /usr/bin/npm publish --tag next", True),
        ("npm publish", "npm publisher", False),
        ("pip install", "python3 -m pip install x", True),
        ("pip install", "pip3 install x", True),
        ("git add .", "git add .", True),
        ("git add .", "git add ./src", False),
        ("sudo", "sudo ls", True),
        ("sudo", "visudo", False),
        ("./deploy.sh", "bash ./deploy.sh prod", True),
    ],
)
def test_patterns_of_a_command(command, cmdline, wanted):
    assert matches(argv_of(command), cmdline) is wanted


@pytest.mark.parametrize(
    ("cmdline", "wanted"),
    [("git commit --no-verify -m x", True), ("git commit --no-verify", True), ("git commit --no-verify-x", False)],
)
def test_patterns_of_an_option(cmdline, wanted):
    assert is_flag("--no-verify")
    assert not is_flag("-n")
    assert matches(flag_argv("--no-verify"), cmdline) is wanted


def test_names_are_words():
    assert names(" a b\n c ") == {"a", "b", "c"}
