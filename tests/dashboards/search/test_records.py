"""Types of record: each has its question, and a filter is a parameter of that question."""

from __future__ import annotations

import pytest

from dashboards.search.records import BAR, FIELDS, IDENTITY, MEANINGS, RECORDS
from queries import paging


@pytest.mark.parametrize("name", list(RECORDS))
def test_each_type_is_a_question_with_its_filters_and_columns(name):
    page = paging.pages()[f"audit_{name}"]
    parameters = {p.name for p in page.parameters}
    wanted = {FIELDS[f].parameter if f in FIELDS else f for f in RECORDS[name].takes()}
    assert wanted <= parameters
    assert set(RECORDS[name].columns) <= set(page.columns)
    assert name in MEANINGS


def test_what_finds_a_row_again_is_in_the_question():
    assert set(paging.pages()["audit_activity"].columns) >= IDENTITY
    assert set(BAR) <= {p.name for p in paging.pages()["audit_activity"].parameters}
