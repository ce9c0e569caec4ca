"""Hunting as people do it: a hunt and what a hit rests on, SQL of one's own with whatever a name holds, and a time of one's own choice."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.sync_api import expect

from queries.hunting import bound, hunts
from tests.browser import hostile
from tools.browsing import browser, grid

HITS, PROOF = "Rows found", "Rows that the hit rests on"


def asked(page, button):
    """Press it, and wait for the answer: it is work beside the page."""
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_text(re.compile("^asked at "))).to_be_visible()
    browser.drawn(page)


def test_a_hunt_finds_what_its_sql_finds_and_a_hit_leads_to_its_rows(visit, sql):
    page = visit("ben", "hunting?since=3650d")
    page.get_by_role("textbox", name="Find").fill("denial_burst")
    page.keyboard.press("Enter")
    catalogue = grid.grid(page, "Catalogue of hunts, the most severe first")
    grid.rows(catalogue, lambda rows: [r["Name"] for r in rows] == ["denial_burst"])
    grid.pick(catalogue)
    page.wait_for_url(re.compile("hunt=denial_burst"))
    browser.drawn(page)
    asked(page, "Hunt")
    truth = sql(bound(hunts()["denial_burst"], {}))
    expect(page.get_by_text(f"{len(truth)} rows", exact=True)).to_be_visible()
    table = grid.grid(page, HITS)
    hit = next(n for n, row in enumerate(truth) if row["agent_run"] != hostile.RUN)
    assert [r["Denials"] for r in grid.rows(table)][hit] == str(truth[hit]["denials"])
    grid.pick(table, hit)
    proof = grid.grid(page, PROOF)
    assert grid.count(proof) == len(truth[hit]["evidence"])
    page.get_by_role("link", name="Five minutes around it").click()
    page.wait_for_url(re.compile(f"/audit.*run={truth[hit]['agent_run']}"))


def test_names_that_try_something_are_cells_of_any_result(visit):
    text = (
        f"SELECT path, cmdline, path AS \"<img src=x onerror=pwned=1>\" FROM activity WHERE agent_run = '{hostile.RUN}'"
    )
    page = visit("ben", f"hunting?sql={quote(text)}")
    asked(page, "Run")
    table = grid.grid(page, HITS)
    assert hostile.PAYLOADS[0] in {r["Path"] for r in grid.rows(table)}
    grid.pick(table)
    expect(page.get_by_role("region", name="Fields of the row")).to_be_visible()
    page.get_by_role("radio", name="Chart").click()
    browser.drawn(page)
    assert page.evaluate(f"window.{hostile.MARK}") is None
    assert not hostile.INVISIBLE & set(page.get_by_test_id("stMain").inner_text())


def test_what_is_no_select_is_refused_in_one_line(visit):
    page = visit("ben", "hunting?sql=DROP+TABLE+activity")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("the lake is read-only")).to_be_visible()


def test_dates_of_ones_own_stand_in_the_address(visit):
    page = visit("ben", "audit?verdicts=deny")
    page.get_by_role("combobox", name="Time").click()
    page.get_by_role("option", name="Chosen dates").click()
    page.wait_for_url(re.compile(r"since=\d{4}-.*until=\d{4}-"))
    browser.drawn(page)
    page.get_by_role("button", name="Dates").click()
    expect(page.get_by_role("button", name="Show this time")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile(r"^[\d,]+ rows$"))).to_be_visible()
