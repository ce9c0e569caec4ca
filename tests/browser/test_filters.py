"""Filters change what is shown, stand in the address, and are taken back by the browser's way back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tools.browsing import browser, grid

ROWS = "Rows found, newest first"


def count(page):
    """How many rows the page says there are, once it says so and is at rest."""
    browser.drawn(page)
    said = page.get_by_text(re.compile(r"^[\d,]+ rows$"))
    return int(said.inner_text().split()[0].replace(",", ""))


def choose(page, filter_, value):
    page.get_by_role("combobox", name=filter_, exact=True).click()
    page.get_by_role("option", name=value, exact=True).click()
    page.keyboard.press("Escape")


def at(page, pattern):
    """Wait until the address is so; then for the page."""
    page.wait_for_url(re.compile(pattern))
    browser.drawn(page)


def test_a_filter_changes_rows_and_address_and_the_way_back_takes_it_back(visit, sql):
    page = visit("dea", "audit?verdicts=allow")
    (truth,) = sql(
        "SELECT count(*) AS every, count(*) FILTER (host = 'dev-anna') AS here FROM activity WHERE verdict = 'allow'"
    )
    assert count(page) == truth["every"] > truth["here"] > 0
    choose(page, "Hosts", "dev-anna")
    at(page, "hosts=dev-anna")
    expect(page.get_by_text(f"{truth['here']:,} rows", exact=True)).to_be_visible()
    grid.rows(grid.grid(page, ROWS), lambda rows: {row["Host"] for row in rows} == {"dev-anna"})
    page.go_back()
    at(page, r"verdicts=allow$")
    expect(page.get_by_text(f"{truth['every']:,} rows", exact=True)).to_be_visible()
    page.go_forward()
    at(page, "hosts=dev-anna")
    expect(page.get_by_text(f"{truth['here']:,} rows", exact=True)).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    at(page, "/audit$")


def test_an_address_shows_the_same_to_somebody_else(visit, sql):
    (truth,) = sql("SELECT count(*) AS n FROM activity WHERE verdict = 'allow' AND host = 'dev-anna'")
    page = visit("ben", "audit?verdicts=allow&hosts=dev-anna")
    assert count(page) == truth["n"]
    expect(page.get_by_role("button", name="Remove dev-anna")).to_be_visible()


def test_a_search_by_the_form_is_an_address(visit, sql):
    page = visit("ben", "audit?verdicts=deny")
    page.get_by_role("textbox", name="Keyword").fill("id_ed25519")
    page.get_by_role("button", name="Search", exact=True).click()
    at(page, "verdicts=deny&keyword=id_ed25519")
    expect(page.get_by_role("textbox", name="Keyword")).to_have_value("id_ed25519")
    further = page.get_by_role("button", name="Go on searching")
    while further.count():  # a busy machine does not get through all of the time in one go
        further.click()
        browser.drawn(page)
    (truth,) = sql(
        "SELECT count(*) AS n FROM activity WHERE verdict = 'deny' AND contains(lower(concat_ws(' ', path, path_to, script, dst_name, dst_ip, exe, rule, labels, cmdline)), 'id_ed25519')"
    )
    assert count(page) == truth["n"] > 0


@pytest.mark.parametrize(
    ("path", "label"), [("explorer", "Activity, newest first"), ("findings", "Findings, newest first"), ("run", "Runs, newest first")]
)  # fmt: skip
def test_a_filter_of_the_address_holds_on_every_page(visit, path, label):
    page = visit("dea", f"{path}?hosts=build-01")
    grid.rows(grid.grid(page, label), lambda rows: {row["Host"] for row in rows} == {"build-01"})


@pytest.mark.parametrize(
    "query", ["since=yesterday", "verdicts=no-such-verdict", "hosts=%0A%1b%5B31m", "record=nothing"]
)
def test_what_cannot_be_read_is_told_or_fits_nothing(visit, query):
    page = visit("dea", f"audit?{query}")
    expect(page.get_by_text("This could not be shown.")).to_have_count(0)
    told = page.get_by_role("alert").or_(page.get_by_text("Nothing to show"))
    expect(told.first).to_be_visible()
