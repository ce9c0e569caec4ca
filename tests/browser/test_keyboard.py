"""The dashboard without a pointer: Tab reaches every control and shows where it is, and a search, a record and another page need nothing else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tools.browsing import browser, grid

MOST = 120
"""Steps of the Tab key on one page at most."""
FOCUSED = """() => {
  const e = document.activeElement;
  return e.getAttribute('aria-label') || e.innerText || e.tagName;
}"""
CONTROLS = "[data-testid=stMain] :is(button, a[href], [role=combobox], input[type=text]):visible"
REACHED = """(controls, group) => {
  window.reached = new Set();
  document.addEventListener('focusin', event => window.reached.add(event.target));
  window.controls = controls.filter(c => !c.disabled && c.tabIndex >= 0 && !c.matches(group));
}"""
GROUPED = "[data-variant=segmented_control], [data-variant=pills]"
"""Tab comes to one of them, and arrows to the others, as ARIA has it for such groups."""
LEFT = "() => window.controls.filter(c => !window.reached.has(c)).map(c => c.outerHTML.slice(0, 200))"


def tab_to(page, wanted):
    """Press Tab until something of this name has the focus."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if re.search(wanted, page.evaluate(FOCUSED)):
            return
    pytest.fail(f"Tab never came to {wanted}")


@pytest.mark.parametrize("address", ["audit", "findings", "policies"])
def test_tab_comes_to_every_control_of_a_page(visit, address):
    page = visit("dea", address)
    controls = page.locator(CONTROLS)
    assert controls.count() > 5
    controls.evaluate_all(REACHED, GROUPED)
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            break
    assert page.evaluate(LEFT) == []


def test_arrows_lead_on_within_a_group(visit):
    page = visit("dea", "audit")
    tab_to(page, "^Activity$")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == "Findings"


@pytest.mark.parametrize(("name", "place"), [
    (r"^\w+\s+Findings$", "[data-testid=stSidebarNav] a:has-text('Findings')"),
    (r"^\w+\s+Reset$", "button:has-text('Reset')"),
    ("^Hosts$", "[data-testid=stMultiSelect]:has(input[aria-label=Hosts])"),
])  # fmt: skip
def test_where_the_focus_is_can_be_seen(visit, name, place):
    page = visit("dea", "audit")
    box = page.locator(place).first.bounding_box()
    around = {"x": box["x"] - 5, "y": box["y"] - 5, "width": box["width"] + 10, "height": box["height"] + 10}
    without = page.screenshot(clip=around, caret="hide")
    tab_to(page, name)
    assert page.screenshot(clip=around, caret="hide") != without


def test_a_search_a_record_and_another_page_by_keys_alone(visit):
    page = visit("dea", "audit?verdicts=allow")
    tab_to(page, "^Hosts$")
    page.keyboard.type("dev-anna")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("hosts=dev-anna"))
    page.keyboard.press("Escape")
    browser.drawn(page)
    table = grid.grid(page, "Rows found, newest first")
    grid.rows(table, lambda rows: {row["Host"] for row in rows} == {"dev-anna"})

    tab_to(page, "^CANVAS$")
    page.keyboard.press("Shift+Space")
    fields = grid.rows(grid.grid(page, "Fields of the row"))
    assert next(row["Value"] for row in fields if row["Field"] == "host") == "dev-anna"

    tab_to(page, r"^\w+\s+Overview$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
