"""What a person waits for, and what each viewer costs: the dashboard over a large lake, in Chromium, from outside.

The lake has many hosts, runs and days (``big_lake``); two million rows unless a folder is named: ``python -m benchmarks.bench_dashboard FOLDER``.
Addresses name times, since such a lake ends when it was made. Figures:

- first paint: from the request to the first content that the browser painted (its own ``first-contentful-paint``: the frame that comes with the
  HTML), to the page's own title, and to the page as a whole (its script at rest, each chart drawn); for a browser that was never here and has to
  fetch the program of the page, and for one that has it. The sign-in to a server that has just begun is apart.
- a filter: from the choice of a host, an agent or a time in the page's bar to the page as a whole, on pages that have been open.
- memory: proportional set size (``/proc/PID/smaps_rollup``) of the server and all it started, before anybody came, and with viewers whose
  sessions stay open, each having looked at two pages. Chromium's own memory is not in it.

The browser is named, since it is half of what is waited for: Chromium with its window's processes takes up to half longer than without them.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as Late

from benchmarks import big_lake
from benchmarks.bench_standing import latest
from pipeline.lake.reader import Lake
from queries.catalog import views
from tools.browsing import browser, serving
from tools.browsing.serving import Served

ROWS, ROUNDS = 2_000_000, 5
VIEWERS = (1, 5, 10)
MEMORY_MIB = 150
WHO = "ben"
PAGES = {"": 7, "explorer": 7, "audit": 1, "agents": 30, "findings": 30, "health": 7}
"""Pages by path, with the days that are looked at."""
FCP = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


def address(path: str, until: datetime, days: float, **more: str) -> str:
    """A page that looks at the days before ``until``."""
    since = until - timedelta(days=days)
    return (
        f"{path}?{urlencode({'since': f'{since:%Y-%m-%dT%H:%M:%SZ}', 'until': f'{until:%Y-%m-%dT%H:%M:%SZ}', **more})}"
    )


def memory_mib(pid: int) -> tuple[float, float]:
    """Proportional set size of a process, and of all that it started, in MiB."""
    server = psutil.Process(pid)
    return _pss_mib(server), sum(map(_pss_mib, server.children(recursive=True)))


def _pss_mib(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.NoSuchProcess:  # a worker that was not wanted any more
        return 0.0


def figure(label: str, seconds: list[float], bound: float | None = None) -> None:
    """Median and range; where there is a bound, whether the median keeps it."""
    middle = statistics.median(seconds)
    kept = "" if bound is None else f"; bound {bound:g} s: {'kept' if middle <= bound else 'MISSED'}"
    print(
        f"figure: {label}: {middle:.2f} s ({min(seconds):.2f} to {max(seconds):.2f}, {len(seconds)} times{kept})",
        flush=True,
    )


@contextmanager
def visitor(opened: Browser, served: Served, state: dict[str, Any]) -> Iterator[Page]:
    """A page of a browser with cookies of its own, signed in; whoever comes first signs in, which is a figure of its own."""
    context = browser.context(opened, state=state.get("cookies"))
    page = context.new_page()
    if "cookies" not in state:
        browser.sign_in(page, served, WHO)
        told = "painted {:.2f} s, title {:.2f} s, whole {:.2f} s".format(*seen(page, time.perf_counter()))
        print(f"figure: from the sign-in to the overview, 7 d, of a server that has just begun: {told}", flush=True)
        state["cookies"] = context.storage_state()
    yield page
    context.close()


def visit(page: Page, served: Served, path: str) -> tuple[float, float, float]:
    """As ``seen``, for a page of this path."""
    begin = time.perf_counter()
    page.goto(served.address + path, wait_until="commit")
    return seen(page, begin)


def seen(page: Page, begin: float) -> tuple[float, float, float]:
    """Seconds until something is painted, until the title is there, until all is."""
    page.wait_for_selector("[data-testid=stMain] h1")
    title = time.perf_counter() - begin
    browser.drawn(page)
    return float(page.evaluate(FCP)), title, time.perf_counter() - begin


def choose(page: Page, label: str, option: str) -> float:
    """Seconds from the choice in a list of the bar until the page is there as a whole."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("combobox", name=label).fill(option)
    wanted = page.get_by_role("option", name=option, exact=True)
    wanted.wait_for()
    begin = time.perf_counter()
    wanted.click()
    page.wait_for_url(f"**{option}**")
    browser.drawn(page)
    return time.perf_counter() - begin


def paints(opened: Browser, served: Served, until: datetime, state: dict[str, Any]) -> None:
    """Each page in a browser that has nothing of it yet, and once more in the same."""
    for path, days in PAGES.items():
        rounds: dict[str, list[tuple[float, float, float]]] = {
            "browser that was never here": [],
            "browser that was": [],
        }
        for number in range(ROUNDS):
            with visitor(opened, served, state) as page:
                for turn, found in enumerate(rounds.values()):
                    minutes = timedelta(minutes=2 * number + turn)  # answers are kept for a moment
                    found.append(visit(page, served, address(path, until - minutes, days)))
        for who, found in rounds.items():
            name = f"{path or 'overview'}, {days} d, {who}"
            figure(f"{name}: first paint", [r[0] for r in found], 1.5)
            figure(f"{name}: title", [r[1] for r in found], 1.5)
            figure(f"{name}: whole", [r[2] for r in found])


def filters(opened: Browser, served: Served, until: datetime, hosts: list[str], state: dict[str, Any]) -> None:
    """Each page's filter of hosts, with another one each time."""
    for path, days in PAGES.items():
        with visitor(opened, served, state) as page:
            browser.go(page, served, address(path, until, days))
            try:
                rounds = [choose(page, "Hosts", host) for host in hosts[:ROUNDS]]
            except Late as error:
                print(f"figure: {path or 'overview'}: no filter measured: {str(error).splitlines()[0]}", flush=True)
                continue
        figure(f"{path or 'overview'}, {days} d: one more host in the filter", rounds, 1.0)


def viewers(opened: Browser, served: Served, until: datetime) -> dict[str, Any]:
    """The sign-in, and memory with more and more sessions that stay open; the cookies of who made them."""
    state: dict[str, Any] = {}
    nobody = sum(memory_mib(served.pid))
    print(
        "figure: memory, nobody came yet: server {:.0f} MiB, workers {:.0f} MiB".format(*memory_mib(served.pid)),
        flush=True,
    )
    with ExitStack() as stack:
        for number in range(1, VIEWERS[-1] + 1):
            page = stack.enter_context(visitor(opened, served, state))
            browser.go(page, served, address("audit", until, 1))
            browser.go(page, served, address("", until, 7))
            if number not in VIEWERS:
                continue
            server, workers = memory_mib(served.pid)
            each = (server + workers - nobody) / number
            print(
                f"figure: memory, viewers {number}: server {server:.0f} MiB, workers {workers:.0f} MiB; {each:+.0f} MiB each; "
                f"bound {MEMORY_MIB} MiB: {'kept' if each <= MEMORY_MIB else 'MISSED'}",
                flush=True,
            )
    return state


def main(arguments: list[str]) -> None:
    if browser.chromium() is None:
        sys.exit("bench_dashboard: chromium is missing: apt-get install chromium-headless-shell")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(arguments[0]) if arguments else Path(made) / "lake"
        if not arguments:
            end = int(big_lake.END.timestamp()) * 10**9
            big_lake.write(big_lake.plan_of(folder, ROWS, 24, 14, end_ns=end, live=True), os.cpu_count() or 1)
        lake = Lake(folder, views=views(), verify_bytes=0)
        until = latest(lake)
        found = lake.query("SELECT count(*) AS n FROM activity", timeout=300)["n"][0].as_py()
        hosts = [
            h for h in lake.query("SELECT DISTINCT host FROM activity_hours ORDER BY host")["host"].to_pylist() if h
        ]
        print(f"{found:,} rows, {len(hosts)} hosts, until {until:%Y-%m-%d %H:%M}", flush=True)
        accounts = serving.people(Path(made) / "accounts.json", {WHO: "analyst"})
        with browser.opened() as opened, serving.served(folder, accounts) as served:
            print(f"browser: {browser.chromium()}, version {opened.version}", flush=True)
            state = viewers(opened, served, until)
            paints(opened, served, until, state)
            filters(opened, served, until, hosts, state)


if __name__ == "__main__":
    main(sys.argv[1:])
