"""Debian's Chromium, driven by Playwright: without a network but this machine's, signed in, waiting for what a page shows and never for a time.

Its build without a window is preferred: the other one draws its own tabs for each context, in processes that take as long as the page.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tools.browsing.serving import Served, password

FLAGS = (
    "--no-sandbox",  # tests run as root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no name leads anywhere
)
SIZE = {"width": 1440, "height": 900}
SLOW_MS = 60_000
"""How long anything may take on a busy machine before it is called missing."""
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
_TITLE = "[data-testid=stMain] h1"
_AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"
_BUSY = "[data-testid=stSkeleton], [data-testid=stSpinner], [data-stale=true]"
_UNDRAWN = "() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(c => c.querySelector('.marks'))"


def chromium() -> str | None:
    """Where Chromium is; ``None`` where it is missing."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser without a window. Raises Playwright's ``Error`` where it cannot be started."""
    with driver() as playwright:
        browser = launched(playwright)
        try:
            yield browser
        finally:
            browser.close()


_running: list[Playwright] = []


@contextmanager
def driver() -> Iterator[Playwright]:
    """Playwright for as long as somebody uses it.

    Its synchronous interface can be there once in a thread, whose event loop it keeps running: whoever comes while it is
    there shares it, and whoever began it ends it.
    """
    if _running:
        yield _running[0]
        return
    with sync_playwright() as playwright:
        _running.append(playwright)
        try:
            yield playwright
        finally:
            _running.clear()


def launched(playwright: Playwright) -> Browser:
    """Chromium, started; the caller closes it."""
    return playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))


def context(browser: Browser, scheme: str = "light", state: Any = None) -> BrowserContext:
    """A browser of its own, with cookies of its own. ``scheme``: light or dark; ``state``: cookies of an earlier one."""
    made = browser.new_context(
        viewport=SIZE,
        color_scheme=scheme,
        storage_state=state,
        reduced_motion="reduce",
        accept_downloads=True,
        locale="en-GB",
        timezone_id="UTC",
    )
    made.set_default_timeout(SLOW_MS)
    return made


def sign_in(page: Page, served: Served, name: str, secret: str | None = None) -> None:
    """Fill in the form and send it; the overview follows where the password is right."""
    page.goto(f"{served.address}sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password(name) if secret is None else secret)
    page.get_by_role("button", name="Sign in").click()


def go(page: Page, served: Served, path: str) -> None:
    """Open a page of the dashboard, and wait until all of it is drawn."""
    page.goto(served.address + path.lstrip("/"))
    drawn(page)


def drawn(page: Page) -> None:
    """Wait until a page that has begun is there as a whole: its script at rest, nothing stale, each chart drawn."""
    page.wait_for_selector(_TITLE)
    page.wait_for_selector(_AT_REST)
    page.wait_for_function(f"() => !document.querySelector('{_BUSY}')")
    page.wait_for_function(_UNDRAWN)


def path_of(page: Page) -> str:
    """Path and query of where a page is."""
    there = urlsplit(page.url)
    return there.path + (f"?{there.query}" if there.query else "")
