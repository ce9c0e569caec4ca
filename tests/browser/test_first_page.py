"""What a browser shows before Streamlit's program is there: the frame of the page, where the page itself comes to stand."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from dashboards.pages_list import PAGES
from tests.browser.test_pages import severe
from tools.browsing import browser

FRAME = "#lictor-frame"
BOXES = """nodes => nodes.map(n => {
  const text = document.createRange();
  text.selectNodeContents(n);
  const {x, y, height} = text.getBoundingClientRect();
  return [n.textContent, Math.round(x), Math.round(y + height / 2)];
})"""
NEAR_PX = 2
PROGRAM = "**/static/js/index*.js"


@pytest.fixture
def held(visit, dashboard, faults):
    """Function: a page whose program does not come until ``go_on`` is called; and that function."""

    def opened(path, scheme="light", name="dea"):
        page = visit(name, "", scheme)
        page.route(PROGRAM, lambda _: None)  # it waits; what still does when nobody holds it goes on
        page.goto(f"{dashboard.address}{path}", wait_until="commit")
        page.locator(FRAME).wait_for()

        return page, lambda: page.unroute(PROGRAM)

    return opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_frame_is_readable_and_stands_where_the_page_does(held, scheme):
    page, go_on = held("audit", scheme)
    expect(page.locator(f"{FRAME} h1")).to_have_text("Audit search")
    expect(page.locator(f"{FRAME} [role=status]")).to_have_text("Loading…")
    assert severe(page) == []
    page.evaluate("document.fonts.ready")
    links = page.locator(f"{FRAME} nav a").evaluate_all(BOXES)
    (title,) = page.locator(f"{FRAME} h1").evaluate_all(BOXES)
    go_on()
    browser.drawn(page)
    expect(page.locator(FRAME)).to_have_count(0)
    drawn = page.locator("[data-testid=stSidebarNavLink] > span:last-child").evaluate_all(BOXES)
    (heading,) = page.locator("[data-testid=stMain] h1").evaluate_all(BOXES)
    assert len(links) == len(PAGES)
    for before, after in zip([*links, title], [*drawn, heading], strict=True):
        assert before[0] in after[0]
        assert all(abs(a - b) <= NEAR_PX for a, b in zip(before[1:], after[1:], strict=True)), (before, after)


def test_its_links_lead_to_pages_already(held):
    page, go_on = held("audit")
    page.locator(FRAME).get_by_role("link", name="Findings").click()
    page.wait_for_url("**/findings", wait_until="commit")
    page.locator(FRAME).wait_for()
    expect(page.locator(f"{FRAME} h1")).to_have_text("Findings")
    go_on()
    browser.drawn(page)


def test_it_makes_room_for_what_is_said_in_place_of_a_page(held):
    page, go_on = held("hunting", name="ann")
    go_on()
    expect(page.get_by_text("this page needs the role analyst")).to_be_visible()
    expect(page.locator(FRAME)).to_have_count(0)


def test_who_has_not_signed_in_is_not_given_it(stranger, dashboard):
    page = stranger()
    page.goto(f"{dashboard.address}audit")
    page.get_by_label("Password").wait_for()
    expect(page.locator(FRAME)).to_have_count(0)
