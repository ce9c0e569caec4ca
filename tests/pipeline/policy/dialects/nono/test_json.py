"""Comments and trailing commas become blanks, and every place stays."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.nono.json import plain


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a": [1, 2,], // two\n "b": "x // y",}', {"a": [1, 2], "b": "x // y"}),
        ('/* all */ {"a": "/* b */", /* c,\n */ "d": 1, /* e */ }', {"a": "/* b */", "d": 1}),
        ('{"a": "\\",]"}', {"a": '",]'}),
        ("[1, // x\n]", [1]),
    ],
)
def test_plain(text, data):
    made = plain(text)
    assert json.loads(made) == data
    assert len(made) == len(text)
    assert [i for i, c in enumerate(made) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]
