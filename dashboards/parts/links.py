"""Links between pages: from a number or a row to what it stands for, with its filters in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from dashboards.pages_list import BY_NAME
from dashboards.parts import plain

_PAGES = Path(__file__).parents[1] / "pages"

Query = Mapping[str, str | Sequence[str]]


def to(page: str, text: str, query: Query | None = None, *, icon: str | None = None) -> None:
    """A link to a page with these filters; the text may come from an agent."""
    st.page_link(
        str(_PAGES / f"{page}.py"),
        label=plain.label(text),
        icon=icon or BY_NAME[page].icon,
        query_params=_given(query or {}),
    )


def go(page: str, **query: str | Sequence[str]) -> None:
    """Leave for a page now, with these filters."""
    st.switch_page(str(_PAGES / f"{page}.py"), query_params=_given(query))


def address(page: str, **query: str | Sequence[str]) -> str:
    """The same as a relative address, for cells of tables."""
    given = urlencode(_given(query), doseq=True)
    return f"/{'' if page == 'overview' else page}" + (f"?{given}" if given else "")


def _given(query: Query) -> dict[str, str | list[str]]:
    return {n: v if isinstance(v, str) else list(v) for n, v in query.items() if v}
