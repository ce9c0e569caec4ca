"""The dashboard over a sample lake, served as a person would serve it, and browsers of people with different roles.

A browser that asks for anything from elsewhere, reports an error, or is refused something by the page's own security policy fails its test.
"""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser import hostile
from tools import sample_lake
from tools.browsing import browser, serving

expect.set_options(timeout=browser.SLOW_MS)

EXPECTED = {
    r"Failed to load resource.*404.* \S+/_stcore/(health|host-config)$": "Streamlit looks for its server below the page's address first",
}
"""What a browser says that is no fault of ours, each with its reason."""


@dataclass
class Faults:
    """What a browser complained about."""

    told: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    """Patterns that a test expects, since it provokes them."""
    end: ExitStack = field(default_factory=ExitStack)
    """Stops listening: a browser that is signed in outlasts the test."""

    def watch(self, context, address):
        own = urlsplit(address).netloc

        def asked(request):
            there = urlsplit(request.url)
            if there.scheme not in {"data", "blob"} and there.netloc != own:
                self.told.append(f"asked for {request.url}")

        def said(message):
            if message.type == "error":
                self.told.append(f"{message.text} {message.location.get('url', '')}")

        def failed(error):
            self.told.append(f"not caught: {error.error}")

        for event, heard in (("request", asked), ("console", said), ("weberror", failed)):
            context.on(event, heard)
            self.end.callback(context.remove_listener, event, heard)

    @property
    def unexpected(self):
        known = [*EXPECTED, *self.allowed]
        return [line for line in self.told if not any(re.search(pattern, line) for pattern in known)]


@pytest.fixture(scope="session")
def lake(tmp_path_factory):
    """A sample of two days, with findings and names that try something."""
    folder = tmp_path_factory.mktemp("browser") / "lake"
    sample_lake.make(folder, now=datetime.now(UTC), days=2, scale=1)
    hostile.add(folder)
    return folder


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium; each test has a browser context of its own in it."""
    if browser.chromium() is None:
        pytest.skip("no chromium (apt-get install chromium-headless-shell): nothing is looked at in a browser")
    with browser.opened() as started:
        yield started


@pytest.fixture(scope="session")
def accounts(tmp_path_factory):
    return serving.people(tmp_path_factory.mktemp("accounts") / "accounts.json")


@pytest.fixture(scope="session")
def dashboard(chromium, lake, accounts):
    """With an account of each role."""
    with serving.served(lake, accounts) as served:
        yield served


@pytest.fixture(scope="session")
def _signed_in():
    """Browsers by person and scheme: who has signed in once need not do it for each test, nor fetch the pages' program again."""
    with ExitStack() as stack:
        yield stack, {}


@pytest.fixture
def faults():
    found = Faults()
    with found.end:
        yield found
    assert found.unexpected == []


@pytest.fixture
def stranger(chromium, dashboard, faults):
    """Opens a page of a browser in which nobody has signed in."""
    with ExitStack() as stack:

        def opened(served=dashboard, scheme="light", state=None):
            context = stack.enter_context(browser.context(chromium, scheme, state))
            faults.watch(context, served.address)
            return context.new_page()

        yield opened


@pytest.fixture
def visit(chromium, dashboard, faults, _signed_in):
    """Opens a page of the dashboard as somebody: ``visit("dea", "audit?since=24h")``."""
    browsers, known = _signed_in
    with ExitStack() as stack:

        def opened(name, path="", scheme="light"):
            new = (name, scheme) not in known
            if new:
                known[name, scheme] = browsers.enter_context(browser.context(chromium, scheme))
            context = known[name, scheme]
            faults.watch(context, dashboard.address)
            page = context.new_page()
            stack.callback(page.close)
            if new:
                browser.sign_in(page, dashboard, name)
                page.wait_for_url(dashboard.address)
            browser.go(page, dashboard, path)
            return page

        yield opened


@pytest.fixture
def go(dashboard):
    """Goes on to another page of the dashboard."""
    return lambda page, path: browser.go(page, dashboard, path)


@pytest.fixture
def sql(lake):
    """Asks the lake beside the dashboard: what is true, by the command line."""

    def ask(query):
        done = subprocess.run(
            serving.command("sql", "--lake", str(lake), "--format", "json", query),
            capture_output=True, text=True, check=True, env=serving.environment(),
        )  # fmt: skip
        return json.loads(done.stdout)

    return ask
