"""The pages there are: each has its file, none is left over, and their names are addresses."""

from __future__ import annotations

from pathlib import Path

from dashboards.pages_list import BY_NAME, PAGES

FOLDER = Path(__file__).parents[2] / "dashboards" / "pages"


def test_each_page_has_a_file_and_each_file_is_a_page():
    assert {p.name for p in PAGES} == {f.stem for f in FOLDER.glob("*.py")} - {"__init__"}


def test_names_are_told_once():
    assert list(BY_NAME) == [p.name for p in PAGES]
    assert len({p.title for p in PAGES}) == len(PAGES)
