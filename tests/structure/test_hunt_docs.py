"""docs/hunts.md names every hunt with all of its parameters and columns, and is not stale."""

from __future__ import annotations

import re

import pytest

from queries import hunting
from queries.parameters import TYPES
from tools import generated, hunt_docs

PAGE = hunt_docs.render()


def test_page_in_the_tree_is_fresh():
    assert not generated.difference(generated.ROOT / "docs" / "hunts.md", PAGE), "run: make docs"


@pytest.mark.parametrize("name", sorted(hunting.hunts()))
def test_each_hunt_has_a_line_and_a_section(name):
    hunt = hunting.hunts()[name]
    section = PAGE.split(f"### {name}\n")[1].split("\n### ")[0]
    assert f"| [{name}](#{name}) | {hunt.severity} |" in PAGE
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == [*(p.name for p in hunt.parameters), *hunt.columns]
    assert hunt.false_positives in section


def test_every_type_is_explained():
    assert set(hunt_docs.TYPE_MEANING) == set(TYPES)
