"""Every page opens, in light and dark, without an error, and with nothing that keeps anybody from reading or using it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dashboards.pages_list import PAGES
from tests.browser import hostile
from tests.trials import every

EXEMPT = {
    (
        "list",
        "[data-testid=stSidebarNavItems]",
    ): "Streamlit puts the groups of its navigation between the list and its items",
    ("listitem", "[data-testid=stSidebarNavItems] li"): "the items of that list",
    (
        "svg-img-alt",
        ".brush_brush, .brush_brush_bg",
    ): "Vega draws what a pointer marks as an image; the chart has its text",
}
"""Violations inside of Streamlit's own widgets, by rule and selector, each with its reason."""
ADDRESSES = [p.name for p in PAGES if p.name != "overview"]
OPENED = ("", *ADDRESSES, f"run?run={hostile.RUN}", "findings?finding=hostile-finding")
SCHEMES = ("light", "dark")
_TODAY = datetime.now(UTC).toordinal()
CASES = [(a, s) for i, a in enumerate(OPENED) for j, s in enumerate(SCHEMES) if every() or (i + j + _TODAY) % 2]
"""Each page in one of them today, in the other tomorrow."""
_axe = Axe()


def severe(page):
    """Violations that keep people out, without those that are Streamlit's own."""
    found = _axe.run(page).response["violations"]
    wanted = [(v, node) for v in found if v["impact"] in {"serious", "critical"} for node in v["nodes"]]
    return [
        f"{v['id']}: {v['help']}: {node['html'][:300]}"
        for v, node in wanted
        if not exempt(page, v["id"], node["target"][0])
    ]


def exempt(page, rule, target):
    fits = "([target, selector]) => document.querySelector(target)?.matches(selector) ?? false"
    return any(page.evaluate(fits, [target, selector]) for of, selector in EXEMPT if of == rule)


@pytest.mark.parametrize(("address", "scheme"), CASES)
def test_every_page_opens_and_is_readable(visit, address, scheme):
    page = visit("dea", address, scheme)
    assert page.get_by_role("heading", level=1).inner_text()
    expect(page.get_by_text("This could not be shown.")).to_have_count(0)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert severe(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_way_in_is_readable(stranger, dashboard, scheme):
    page = stranger(scheme=scheme)
    page.goto(f"{dashboard.address}sign-in")
    assert severe(page) == []
