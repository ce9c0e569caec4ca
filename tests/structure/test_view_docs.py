"""docs/views.md names every view and every column once, and is not stale."""

from __future__ import annotations

import re

import pytest

from queries import catalog
from tools import generated, view_docs

PAGE = view_docs.render()
VIEWS = {v.name: v for v in catalog.load()}


def test_page_in_the_tree_is_fresh():
    assert not generated.difference(generated.ROOT / "docs" / "views.md", PAGE), "run: make docs"


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_column_stands_in_the_section_of_its_view_once(name):
    text = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    filled = re.findall(r"^\| `(\w+)` \| \w+ \|", text, re.MULTILINE)
    empty = re.findall(r"`(\w+)` [A-Z]+", text.partition("\nNULL, ")[2])
    assert sorted(filled + empty) == sorted(VIEWS[name].columns)
    assert set(empty) == VIEWS[name].unknown


def test_contents_lead_to_every_section():
    assert re.findall(r"^\| \[`\w+`\]\(#(\w+)\)", PAGE, re.MULTILINE) == [
        h.lower() for h in re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)
    ]
