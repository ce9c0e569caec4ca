"""An analyst sets the status of a finding, says why where that is demanded, and others see it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tools.browsing import browser, grid

LIST = "Findings, newest first"


@pytest.fixture
def finding(sql):
    """One that nobody has triaged."""
    (row,) = sql("SELECT id FROM findings WHERE id <> 'hostile-finding' AND id NOT IN (SELECT object FROM console WHERE act = 'triage') ORDER BY time LIMIT 1")  # fmt: skip
    return row["id"]


def choose(page, status):
    page.get_by_role("button", name="Set status").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name=status, exact=True).click()
    return dialog


def test_a_false_positive_needs_a_note_and_is_seen_by_others(visit, sql, finding):
    page = visit("ben", f"findings?finding={finding}")
    other = visit("cem", f"findings?finding={finding}")
    dialog = choose(page, "false positive")
    expect(dialog.get_by_text("A note is required")).to_be_visible()
    put = dialog.get_by_role("button", name="Set", exact=True)
    put.click()
    expect(dialog.get_by_text("It was not set.")).to_be_visible()
    assert sql(f"SELECT * FROM console WHERE act = 'triage' AND object = '{finding}'") == []
    dialog.get_by_role("textbox", name="Note").fill("The build writes there.")
    put.click()
    expect(page.get_by_text("Set: false positive.")).to_be_visible()

    (row,) = sql(
        f"SELECT account, role, status, note, outcome FROM console WHERE act = 'triage' AND object = '{finding}'"
    )
    assert row == {"account": "ben", "role": "analyst", "status": "false_positive", "note": "The build writes there.", "outcome": "success"}  # fmt: skip
    other.reload()
    browser.drawn(other)
    history = grid.rows(grid.grid(other, "Changes of the status, newest first"))
    assert any("The build writes there." in row.values() for row in history)


def test_nobody_overwrites_unknowingly(visit, finding):
    one, other = visit("ben", f"findings?finding={finding}"), visit("dea", f"findings?finding={finding}")
    first, second = choose(one, "acknowledged"), choose(other, "in progress")
    first.get_by_role("button", name="Set", exact=True).click()
    expect(one.get_by_text("Set: acknowledged.")).to_be_visible()
    second.get_by_role("button", name="Set", exact=True).click()
    expect(second.get_by_text("The status changed meanwhile. Nothing was set.")).to_be_visible()
    second.get_by_role("button", name="Set it all the same").click()
    expect(other.get_by_text("Set: in progress.")).to_be_visible()


def test_a_status_narrows_the_list(visit, finding):
    page = visit("ben", f"findings?finding={finding}")
    dialog = choose(page, "acknowledged")
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("Set: acknowledged.")).to_be_visible()
    page.get_by_role("link", name="All findings").click()
    expect(page.get_by_role("region", name=LIST)).to_be_visible()
    browser.drawn(page)
    page.get_by_role("button", name="acknowledged · ").click()
    page.wait_for_url("**status=acknowledged**")
    grid.rows(grid.grid(page, LIST), lambda rows: {row["Status"] for row in rows} == {"acknowledged"})
