"""Links between pages: filters in the address, nothing of it twice, empty ones left out."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards.pages_list import PAGES
from dashboards.parts import links


@pytest.mark.parametrize("page", [p.name for p in PAGES])
def test_an_address_is_that_of_its_page(page):
    assert urlsplit(links.address(page)).path == ("/" if page == "overview" else f"/{page}")


def test_filters_stand_in_the_address():
    found = links.address("audit", verdicts=["deny", "kill"], keyword="a&b=c", run="")
    assert parse_qs(urlsplit(found).query) == {"verdicts": ["deny", "kill"], "keyword": ["a&b=c"]}


def test_each_page_that_is_linked_to_has_its_file():
    assert all((links._PAGES / f"{p.name}.py").is_file() for p in PAGES)
