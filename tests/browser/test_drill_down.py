"""From a number to its rows, from a row to all that is known of it, and from there to the run that it belongs to."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from pipeline.escape import visible
from tools.browsing import browser, grid


def test_from_a_number_to_its_rows_to_a_record_to_its_run(visit, sql):
    page = visit("dea")
    denied = "verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')"
    (truth,) = sql(f"SELECT count(*) AS n FROM activity WHERE {denied}")
    tile = page.get_by_test_id("stMetric").filter(has_text="Denials")
    assert tile.get_by_test_id("stMetricValue").inner_text() == f"{truth['n']:,}"

    page.get_by_role("link", name="Denied rows").click()
    page.wait_for_url(re.compile("/audit"))
    browser.drawn(page)
    expect(page.get_by_text(f"{truth['n']:,} rows", exact=True)).to_be_visible()

    table = grid.grid(page, "Rows found, newest first")
    chosen = grid.rows(table)[1]
    grid.pick(table, 1)
    pane = grid.grid(page, "Fields of the row")
    fields = {row["Field"]: row["Value"] for row in grid.rows(pane)}
    assert fields["time"][:19] == chosen["Time (UTC)"][:19].replace(" ", "T")
    (row,) = sql(
        f"SELECT agent_run, operation FROM activity WHERE time_ns = {fields['time_ns']} AND seq = {fields['seq']}"
    )
    assert fields["operation"] == row["operation"]

    page.get_by_role("link", name="Run", exact=True).last.click()
    page.wait_for_url(re.compile(f"run={row['agent_run']}"))
    browser.drawn(page)
    (run,) = sql(f"SELECT command, events, denied FROM runs WHERE run = '{row['agent_run']}'")
    expect(page.get_by_test_id("stCode").first).to_contain_text(visible(run["command"]))
    said = page.get_by_test_id("stMetric").filter(has_text="Denied").get_by_test_id("stMetricValue")
    assert said.inner_text() == f"{run['denied']:,}"


def test_a_row_of_a_list_opens_what_it_is_about(visit):
    page = visit("dea", "findings")
    table = grid.grid(page, "Findings, newest first")
    title = grid.rows(table)[0]["Title"]
    grid.pick(table)
    page.wait_for_url(re.compile("finding="))
    browser.drawn(page)
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    page.go_back()
    page.wait_for_url(re.compile("/findings$"))
    assert grid.rows(grid.grid(page, "Findings, newest first"))[0]["Title"] == title


def test_the_link_back_to_a_list_leads_to_it_and_stays_there(visit):
    page = visit("dea", "findings?status=new&finding=hostile-finding")
    page.get_by_role("link", name="All findings").click()
    page.wait_for_url(re.compile(r"/findings\?status=new$"))
    page.get_by_role("button", name="high · ").click()
    page.wait_for_url(re.compile("severity=high"))
    expect(page.get_by_role("region", name="Findings, newest first")).to_be_visible()
