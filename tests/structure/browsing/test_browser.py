"""The browser reaches this machine and nothing else, and waits for what a page shows."""

from __future__ import annotations

import shutil
import urllib.request
from types import SimpleNamespace

import pytest

from pipeline.lake.writer import LakeWriter
from tools.browsing import browser, serving


@pytest.fixture(scope="module")
def opened():
    if browser.chromium() is None:
        pytest.skip("chromium is missing: apt-get install chromium-headless-shell")
    with browser.opened() as found:
        yield found


def test_the_path_of_a_page_keeps_its_filters():
    assert browser.path_of(SimpleNamespace(url="http://127.0.0.1:1/audit?a=b&c=d#x")) == "/audit?a=b&c=d"
    assert browser.path_of(SimpleNamespace(url="http://127.0.0.1:1/")) == "/"


def test_names_of_other_machines_lead_nowhere(opened):
    page = browser.context(opened).new_page()
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.com/")


def test_who_signs_in_sees_the_overview_drawn(opened, tmp_path):
    LakeWriter(tmp_path / "lake", "h").close()
    accounts = serving.people(tmp_path / "accounts.json", {"dea": "admin"})
    with serving.served(tmp_path / "lake", accounts) as served:
        page = browser.context(opened, "dark").new_page()
        browser.sign_in(page, served, "dea", "wrong password")
        page.get_by_role("alert").wait_for()
        browser.sign_in(page, served, "dea")
        browser.drawn(page)
        assert page.get_by_role("heading", level=1).inner_text() == "Overview"
        assert urllib.request.urlopen(f"{served.address}healthz", timeout=10).status == 200


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ((), None),
        (("chromium",), "/usr/bin/chromium"),
        (("chromium", "chromium-headless-shell"), "/usr/bin/chromium-headless-shell"),
    ],
)
def test_chromium_is_one_of_the_path_without_a_window_if_it_can_be(monkeypatch, there, taken):
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in there else None)
    assert browser.chromium() == taken
