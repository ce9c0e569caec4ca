"""The ways in and out: by form, by a link that is good once, and nothing without either."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as Late
from playwright.sync_api import expect

from tools.browsing import browser, serving

REFUSED = r"Failed to load resource.*403"


@pytest.fixture(scope="module")
def by_link(chromium, tmp_path_factory):
    """A dashboard without accounts, over an empty lake."""
    folder = tmp_path_factory.mktemp("link") / "lake"
    folder.mkdir()
    with serving.served(folder) as served:
        yield served


def test_nobody_sees_anything_without_signing_in(stranger, dashboard):
    page = stranger()
    page.goto(f"{dashboard.address}audit?since=24h")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.locator("script").count() == 0


def test_a_wrong_password_is_refused_and_the_right_one_leads_to_where_one_wanted(stranger, dashboard, faults):
    faults.allowed.append(REFUSED)
    page = stranger()
    page.goto(f"{dashboard.address}audit?since=24h")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    assert page.context.cookies() == []
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(serving.password("ann"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit search")
    assert browser.path_of(page) == "/audit?since=24h"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(visit):
    page = visit("ann")
    (cookie,) = [c for c in page.context.cookies() if "lictor" in c["name"]]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert "lictor" not in page.evaluate("document.cookie")


def test_signing_out_ends_the_session_everywhere(stranger, dashboard):
    page = stranger()
    browser.sign_in(page, dashboard, "ann")
    page.wait_for_url(dashboard.address)
    browser.drawn(page)
    state = page.context.storage_state()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You have signed out.")).to_be_visible()
    elsewhere = stranger(state=state)  # the same cookie, kept by somebody
    for left in (page, elsewhere):
        left.goto(dashboard.address)
        expect(left.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("clicks", [True, False], ids=["at a click", "by itself"])
def test_a_page_that_stands_open_shows_no_more_once_the_session_has_ended(stranger, dashboard, clicks):
    page = stranger()
    browser.sign_in(page, dashboard, "ann")
    page.wait_for_url(dashboard.address)
    browser.drawn(page)
    link = page.get_by_role("link", name="Audit search")
    expect(link.first).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{dashboard.address}sign-out")
    expect(other.get_by_text("You have signed out.")).to_be_visible()
    if clicks:
        with suppress(Late):  # it may have gone by itself before
            link.first.click(timeout=2_000)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("region", name="Rows found, newest first")).to_have_count(0)
    expect(link).to_have_count(0)


def test_a_link_is_good_once_and_an_empty_lake_says_that_it_is_empty(stranger, by_link, faults):
    faults.allowed.append(REFUSED)
    page = stranger(by_link)
    page.goto(by_link.link)
    page.wait_for_url(by_link.address)
    browser.drawn(page)
    for path in ("", "audit", "run", "findings"):
        browser.go(page, by_link, path)
        expect(page.get_by_text("Nothing to show").first).to_be_visible()
        expect(page.get_by_text("This could not be shown.")).to_have_count(0)
    second = stranger(by_link)
    second.goto(by_link.link)
    expect(second.get_by_role("alert")).to_contain_text("This link was used before, or is too old.")
    second.goto(by_link.address)
    expect(second.get_by_role("button", name="Print a link again")).to_be_visible()
    assert "Overview" not in second.inner_text("body")
