"""Names that try something are shown as what they are: no script of theirs runs, nothing is turned around, no terminal code remains."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import hostile
from tools.browsing import browser, grid

PAGES = ("", "agents", "run", "audit", "explorer", "findings", "held", "policies", "health")
OF_THEIRS = "a[href^='javascript:'], img[src='x'], svg[onload], [onerror], [onload], script:not([src])"
"""Elements and attributes that only a payload would make; Streamlit's one inline script is known by its being there at the start."""


def harmless(page):
    assert page.evaluate(f"window.{hostile.MARK}") is None
    own = page.evaluate(f"[...document.body.querySelectorAll({OF_THEIRS!r})].map(e => e.outerHTML.slice(0, 200))")
    assert [html for html in own if hostile.MARK in html] == []
    text = page.evaluate("document.documentElement.textContent + document.title")
    assert not hostile.INVISIBLE & set(text)
    attributes = page.evaluate(
        "[...document.querySelectorAll('[aria-label], [title], [alt]')].map(e => [e.ariaLabel, e.title, e.alt].join(' ')).join(' ')"
    )
    assert not hostile.INVISIBLE & set(attributes)


@pytest.mark.parametrize("path", PAGES)
def test_lists_show_them_as_they_are(visit, path):
    page = visit("dea", path)
    harmless(page)


def test_a_run_with_every_tab(visit):
    page = visit("dea", f"run?run={hostile.RUN}")
    expect(page.get_by_test_id("stCode").first).to_contain_text("<script>")
    for tab in ("Rows", "Tool calls", "Findings", "Actions", "About", "Processes"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel").get_by_test_id("stDataFrame").first).to_be_visible()
        harmless(page)


def test_what_a_pointer_is_told_over_a_chart(visit):
    page = visit("dea", f"run?run={hostile.RUN}")
    mark = page.locator(".mark-rect.marks path").nth(5)  # the first one may be cut by the edge
    mark.scroll_into_view_if_needed()
    told = page.locator("#vg-tooltip-element.visible")
    for turn in range(50):  # the chart listens a moment after it is drawn
        mark.hover(
            force=True, position={"x": 3 + turn % 3, "y": 9}
        )  # by force: a part to draw over the time lies above
        if told.count():
            break
        page.wait_for_timeout(100)
    expect(told).to_contain_text("deny")
    harmless(page)


def test_a_finding(visit):
    page = visit("dea", "findings?finding=hostile-finding")
    expect(page.get_by_role("heading", level=3).first).to_contain_text("<img src=x")
    harmless(page)


def test_a_record_that_is_opened(visit):
    page = visit("dea", f"audit?run={hostile.RUN}")
    table = grid.grid(page, "Rows found, newest first")
    grid.rows(table)
    grid.pick(table)
    fields = grid.rows(grid.grid(page, "Fields of the row"))
    assert any("\\x1b[31m" in row["Value"] for row in fields)
    harmless(page)


def test_an_address_that_somebody_sends(visit):
    payload = "%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E%E2%80%AE%1B"
    for path in (
        f"audit?keyword={payload}&hosts={payload}",
        f"run?run={payload}",
        f"findings?finding={payload}",
        f"explorer?label={payload}",
    ):
        page = visit("dea", path)
        harmless(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_files_in_quarantine(visit):
    page = visit("dea", "held")
    page.get_by_role("tab", name="Quarantine").click()
    table = grid.grid(page, "Files in quarantine, newest first")
    grid.rows(table, lambda rows: any("\\u202e" in row["Path"] for row in rows))
    browser.drawn(page)
    harmless(page)
