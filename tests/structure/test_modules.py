"""What each source file owes its reader: a paragraph on top, a length to read in one sitting, nothing left undone."""

from __future__ import annotations

import ast
import re

import pytest

MOST_LINES = 400
FEWEST_WORDS = 6
"""A docstring shorter than this names the module; it does not say why it is there."""

UNDONE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|Not" + r"ImplementedError)\b")
"""Split so that this file does not match itself."""

SOURCES = (".py", ".c", ".h", ".sh", ".sql", ".toml", ".yaml")


def says_why(text: str) -> bool:
    """Whether a Python file opens with a docstring of a sentence or more; a file without statements owes none."""
    syntax = ast.parse(text)
    return not syntax.body or len((ast.get_docstring(syntax) or "").split()) >= FEWEST_WORDS


def test_every_module_opens_with_what_it_does_and_why(tree):
    # Tests are left out: a test's name says what it tests, and its file's name says of what.
    modules = [m for m in tree.files(".py") if m.parts[0] != "tests"]
    silent = [str(m) for m in modules if not says_why(tree.text(m))]
    assert not silent, "\n".join(silent)


def test_every_c_file_opens_with_licence_and_purpose(tree):
    sources = tree.files(".c", ".h", folders=("collectors",))
    bare = [str(s) for s in sources if not re.match(r"\s*(//|/\*).*?GPL-2\.0.*?\w+ \w+", tree.text(s), re.DOTALL)]
    assert not bare, "\n".join(bare)


def test_no_source_file_is_too_long(tree):
    lengths = {str(f): tree.text(f).count("\n") for f in tree.files(*SOURCES) if f.parts[0] != "tests"}
    assert {f: n for f, n in lengths.items() if n > MOST_LINES} == {}


def test_nothing_is_left_undone(tree):
    undone = [str(f) for f in tree.files(*SOURCES) if UNDONE.search(tree.text(f))]
    assert not undone, "\n".join(undone)


def test_every_benchmark_stands_in_their_readme(tree):
    readme = tree.text("benchmarks/README.md")
    scripts = [f.stem for f in tree.files(".py", folders=("benchmarks",)) if f.name.startswith("bench_")]
    assert [s for s in scripts if f"| `{s}` |" not in readme] == []


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("", True),
        ("# a comment alone is no statement", True),
        ("x = 1", False),
        ('"""Helpers."""\nx = 1', False),
        ('"""Reads the ring, and is here because nobody else may know its layout."""', True),
    ],
)
def test_rule_tells_a_purpose_from_a_name(text, fine):
    assert says_why(text) == fine


def test_rule_finds_what_is_undone():
    assert UNDONE.search("# FIX" + "ME: later")
    assert not UNDONE.search("todo lists are fine")
