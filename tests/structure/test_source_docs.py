"""docs/sources.md says of each source what its list of operations says."""

from __future__ import annotations

import re

from collectors.sources import SOURCES
from pipeline import schema
from tools import generated, source_docs

PAGE = source_docs.render()


def test_page_in_the_tree_is_fresh():
    assert not generated.difference(generated.ROOT / "docs" / "sources.md", PAGE), "run: make docs"


def test_every_source_has_its_section_in_their_order():
    assert re.findall(r"^## (\w+): ", PAGE, re.MULTILINE) == [source.name for source in SOURCES]


def test_a_row_for_each_operation_with_a_yes_for_each_source_that_tells_it():
    rows = re.findall(r"^\| `([a-z._]+)` \|(.*)\|$", PAGE, re.MULTILINE)
    told = {name: [bool(cell.strip()) for cell in cells.split("|")] for name, cells in rows}
    assert told == {o.name: [o.name in s.operations for s in SOURCES] for o in schema.OPERATIONS}


def test_every_reason_of_coverage_that_is_always_there_is_explained():
    from collectors.portable.coverage import UNSEEN  # noqa: PLC0415 - beside its only use

    assert all(f"`{reason}`" in PAGE for _, reason in UNSEEN)
