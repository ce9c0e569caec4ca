"""Words as bash reads them: bash itself says what its words are."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lictor.hooks.shell_words import Lexer, ShellError


def words(text: str) -> list[str]:
    return [t.text for t in Lexer(text, "/h").tokens() if not t.operator]


def bash_words(text: str) -> list[str]:
    ended = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {text}"],
        capture_output=True,
        env={"HOME": "/h", "LC_ALL": "C.UTF-8"},
        check=True,
    )
    found = ended.stdout.decode().split("\0")[:-1]
    # Without a word printf fills its one place with nothing.
    return [] if found == [""] and not text.replace("\\\n", "").strip() else found


PIECES = st.one_of(
    st.from_regex(r"[a-zä.,:/@%+=_-]{1,4}", fullmatch=True),
    st.from_regex(r"'[ -&(-~]{0,5}'", fullmatch=True),
    st.from_regex(r'"[ #%-\[\]-_a-z{-~\']{0,5}"', fullmatch=True),
    st.sampled_from(
        [
            "\\ ",
            "\\'",
            '\\"',
            "\\$",
            '"\\$x"',
            '"a\\b"',
            "''",
            '""',
            "$HOME/",
            "${HOME}/x",
            '"$HOME"',
            "a#b",
            "\\\n",
            "$'a b'",
        ]
    ),
)
TEXTS = st.lists(st.lists(PIECES, min_size=1, max_size=4).map("".join), min_size=1, max_size=4).map(" ".join)


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_words_are_those_of_bash(text):
    tokens = [t for t in Lexer(text, "/h").tokens() if not t.operator]
    assert all(t.known for t in tokens)
    assert [t.text for t in tokens] == bash_words(text)


@pytest.mark.parametrize("text", ["~ ~/x a~ '~'", "a'b'\"c\"d", "x # no 'word", "a\\\nb c", "\\\n", "a\rb c\r"])
def test_words_of_a_table_are_those_of_bash(text):
    assert words(text) == bash_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "$x",
        '"$x"',
        "${x:-y}",
        "$(x)",
        "`x`",
        "*.py",
        "a?",
        "[ab]",
        "{a,b}",
        "~user",
        "$((1+2))",
        "<(x)",
        "$1",
        "$'\\n'",
    ],
)
def test_what_only_a_running_shell_knows_is_unknown(text):
    (token,) = Lexer(text, "/h").tokens()
    assert not token.known
    assert "'" in text or token.text == text.strip('"')


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("$(a b)", ("a b",)),
        ('"x $(a "b)") y"', ('a "b)"',)),
        ("`a \\`b\\``", ("a `b`",)),
        ("<(a)", ("a",)),
        ("'$(a)'", ()),
        ("\\$x", ()),
        ("a$(b)$(c)", ("b", "c")),
    ],
)
def test_commands_inside_of_words_are_kept(text, inner):
    (token,) = Lexer(text, "/h").tokens()
    assert token.inner == inner


def test_operators_are_told_from_words():
    found = [t.text for t in Lexer("a 2>b &&c|d>>'e';f&>g <<<h", None).tokens() if t.operator]
    assert found == [">", "&&", "|", ">>", ";", "&>", "<<<"]
    assert words("a 2>b '2'>c x2>d") == ["a", "b", "2", "c", "x2", "d"]


def test_here_documents_are_no_words():
    text = "cat <<A <<-'B' && x\n$(one)\n  A\nA\n\t$(two)\n\tB\nlast"
    tokens = list(Lexer(text, None).tokens())
    assert [t.text for t in tokens if not t.operator] == ["cat", "A", "B", "x", "last"]
    assert [t.inner for t in tokens if t.text == "\n"] == [("one",)]


def test_brackets_that_stand_alone_are_words():
    for text in ("[", "[[", "{", "}"):
        (token,) = Lexer(text, None).tokens()
        assert (token.text, token.known, token.plain) == (text, True, True)


@pytest.mark.parametrize("text", ["'a", '"a', "$(a", "`a", "${a", '"$(a"', "$'a"])
def test_a_text_that_breaks_off_is_an_error(text):
    with pytest.raises(ShellError):
        list(Lexer(text, None).tokens())
