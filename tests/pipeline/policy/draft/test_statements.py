"""Markdown in, sentences out; the line numbers are counted by hand in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.draft.statements import plain, shell_examples, statements

TEXT = """\
---
title: not prose
---
# House rules
Keep the **tone** friendly. Do not
touch `a.b. C`, e.g. in tests. See
[the guide](docs/guide.md)!

**Never:**
- Rename the *public*
  functions
1. [ ] Drop tables

| Word | What |
|---|---|
| Off-limits | `a | b`, the vault |

```sh
bd list --all
never run this
```
> A quote; its second half <!-- a note
> that goes on --> ends.
"""


@pytest.fixture
def found():
    return list(statements(TEXT))


def test_sentences_and_their_lines(found):
    assert [(s.line, s.text) for s in found] == [
        (4, "House rules"),
        (5, "Keep the tone friendly."),
        (5, "Do not touch `a.b. C`, e.g. in tests."),
        (6, "See the guide!"),
        (9, "Never:"),
        (10, "Rename the public functions"),
        (12, "Drop tables"),
        (14, "Word"),
        (14, "What"),
        (16, "Off-limits"),
        (16, "`a | b`, the vault"),
        (22, "A quote"),
        (22, "its second half ends."),
    ]


def test_a_list_knows_its_lead_and_its_heading(found):
    leads = {s.text: (s.heading, s.lead) for s in found}
    assert leads["Rename the public functions"] == ("House rules", "Never:")
    assert leads["Drop tables"] == ("House rules", "Never:")
    assert leads["`a | b`, the vault"] == ("House rules", "Off-limits:")
    assert leads["A quote"] == ("House rules", "")


def test_a_lead_ends_with_its_list():
    last = list(statements("Never:\n\n- one\n- two\n\nA paragraph.\n\n- three"))
    assert [(s.text, s.lead) for s in last[1:]] == [
        ("one", "Never:"),
        ("two", "Never:"),
        ("A paragraph.", ""),
        ("three", ""),
    ]


def test_code_is_kept_out_of_the_sentences_and_shown_where_it_is_shell():
    assert shell_examples(TEXT) == "bd list --all\nnever run this"
    assert shell_examples("```python\nimport os\n```") == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("**Never** do _this_ or `**that**`", "Never do _this_ or `**that**`"),
        ("\U0001f6ab ❌ No", "No"),
        ("see [x](y) and ![z](w)", "see x and z"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_formatting_goes_and_code_stays(text, wanted):
    assert plain(text) == wanted


@given(st.text(alphabet="ab `*#->|\n.;:!<~[]()1", max_size=200))
def test_any_text_gives_sentences_with_lines_in_order(text):
    lines = [s.line for s in statements(text)]
    assert lines == sorted(lines)
    assert all(1 <= line <= max(1, len(text.splitlines())) for line in lines)
