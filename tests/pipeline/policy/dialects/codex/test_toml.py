"""TOML with places; the standard library is the judge of the data."""

from __future__ import annotations

import tomllib

import pytest

from pipeline.policy.dialects.codex.toml import read_toml
from pipeline.policy.source import PolicyError

TEXT = '''\
a = 1
b.c = "x"
"d e" = """
f = 2
"""
[g.'h i'] # header
j = { k = 1, l = [2] }
m = [
  "one",
  "two",
]
[[n]]
o = 1
[[n]]
o = 2
[n.p]
q = true
'''


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("a",), (1, 1)), (("b", "c"), (2, 1)), (("d e",), (3, 1)), (("g", "h i"), (6, 1)), (("g", "h i", "j"), (7, 1)),
        (("g", "h i", "j", "k"), (7, 1)), (("g", "h i", "m", 1), (10, 4)), (("n", 0, "o"), (13, 1)), (("n", 1, "o"), (15, 1)),
        (("x",), (1, 1)),
    ],
)  # fmt: skip
def test_places(path, place):
    found = read_toml(TEXT, "c.toml")
    assert found.data == tomllib.loads(TEXT)
    assert found.place(path) == place


@pytest.mark.parametrize(
    ("text", "place"), [("a = ", "1:1"), ("a = 1\nb", "2:1"), ("a = 1\na = 2\n", "2:6"), ('a = "x', "1:1")]
)
def test_what_is_no_toml(text, place):
    with pytest.raises(PolicyError, match=f"^c.toml:{place}: not TOML: "):
        read_toml(text, "c.toml")
