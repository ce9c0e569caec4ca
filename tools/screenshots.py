"""Pictures of every page of the dashboard, as its documentation shows them: ``make screenshots``.

A sample lake is made and served as a person would serve it, somebody with every right signs in, and each page is opened with something
chosen in it. A picture is taken once the page is there as a whole, so nothing in it is half drawn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from dashboards.pages_list import PAGES
from pipeline.lake.reader import Lake
from queries import paging
from queries.catalog import views
from tools import sample_lake
from tools.browsing import browser, serving

FOLDER = serving.ROOT / "docs" / "img" / "dashboard"
WHO = "dea"
HUNT = "credential_file_read"
PRESSED = {"hunting": "Hunt"}
CHOSEN = {
    "run": """SELECT run FROM runs WHERE denied > 0 AND state = 'ended' ORDER BY denied DESC, run LIMIT 1""",
    "finding": "SELECT id AS finding FROM findings WHERE severity IN ('high', 'critical') ORDER BY time DESC, id LIMIT 1",
    "policies": "SELECT policy, version FROM policies WHERE policy = 'careful' AND state = 'in_force' ORDER BY time DESC LIMIT 1",
}
"""What is looked at, by the question that finds it in a lake."""


@dataclass(frozen=True)
class Shot:
    """One picture: ``name`` of its file, ``path`` of the page with what is chosen in it, ``press`` a button to click there first."""

    name: str
    path: str
    scheme: str = "light"
    press: str = ""


def shots(lake: Lake) -> Iterator[Shot]:
    """One of each page, with something chosen where a page is about one thing; one agent; and the first page in dark."""
    chosen = {name: next(iter(lake.query(sql).to_pylist()), {}) for name, sql in CHOSEN.items()}
    agents = lake.query(paging.bound("agents_inventory", {})).to_pylist()
    worst = max(agents, key=lambda agent: (agent["high"], agent["agent_id"]), default={"agent_id": ""})
    with_ = {
        "run": chosen["run"],
        "findings": chosen["finding"],
        "policies": chosen["policies"],
        "audit": {"since": "7d", "verdicts": "deny"},
        "explorer": {"since": "7d"},
        "hunting": {"hunt": HUNT, "since": "30d"},
    }
    for page in PAGES:
        query = urlencode(with_.get(page.name, {}))
        path = "" if page.name == "overview" else page.name
        yield Shot(page.name, f"{path}?{query}" if query else path, press=PRESSED.get(page.name, ""))
    yield Shot("agent", f"agents?{urlencode({'agent_id': worst['agent_id']})}")
    yield Shot("overview-dark", "", "dark")


def take(lake: Path, folder: Path) -> list[Path]:
    """A file for each shot; raises ``NotServedError`` or Playwright's ``Error``, and leaves files that are there as they were."""
    wanted = list(shots(Lake(lake, views=views())))
    with (
        tempfile.TemporaryDirectory() as beside,
        serving.served(lake, serving.people(Path(beside) / "accounts.json")) as served,
        browser.opened() as opened,
    ):
        pictures = {}
        for scheme in dict.fromkeys(s.scheme for s in wanted):
            page = browser.context(opened, scheme).new_page()
            browser.sign_in(page, served, WHO)
            page.wait_for_url(served.address)
            for shot in (s for s in wanted if s.scheme == scheme):
                browser.go(page, served, shot.path)
                if shot.press:
                    page.get_by_role("button", name=shot.press, exact=True).click()
                    page.get_by_text("asked at").wait_for()
                    browser.drawn(page)
                pictures[shot.name] = page.screenshot(animations="disabled", caret="hide")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (folder / f"{name}.png").write_bytes(content)
    return [folder / f"{name}.png" for name in pictures]


def main() -> int:
    """Make the pictures, and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, help="a lake that is there, in place of a sample")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    if browser.chromium() is None:
        print("screenshots: chromium is missing: apt-get install chromium-headless-shell", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as beside:
        lake = options.lake or Path(beside) / "lake"
        if options.lake is None:
            sample_lake.make(lake, now=datetime.now(UTC))
        for file in take(lake, options.folder):
            print(f"{file}: {file.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
