"""Tables of the dashboard in a browser: Streamlit paints them on a canvas and keeps what is in sight as a table for screen readers.

What is read here is that table; what is clicked is the place on the canvas where a row's box is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page

from tools.browsing.browser import SLOW_MS

HEADER, ROW, BOX = 32, 30, 18
"""Heights in pixels, and how far the middle of a row's box is from the left."""
_READ = """canvas => {
  const rows = [...canvas.querySelectorAll('table tr[role=row]')];
  return rows.map(r => [...r.children].map(c => c.textContent));
}"""


def grid(page: Page, label: str | re.Pattern[str]) -> Locator:
    """The table of this name, as screen readers have it."""
    return page.get_by_role("region", name=label).locator("canvas").first


Rows = list[dict[str, str]]
LOOK_MS = 100


def rows(table: Locator, fit: Callable[[Rows], bool] = bool) -> Rows:
    """Rows in sight, by heading, once they ``fit``: the table for screen readers comes a moment after what is painted.

    Raises ``TimeoutError``.
    """
    until = time.monotonic() + SLOW_MS / 1000
    read: Rows = []
    while time.monotonic() < until:
        heads, *found = table.evaluate(_READ) or [[]]
        read = [dict(zip(heads, cells, strict=True)) for cells in found]
        if fit(read):
            return read
        table.page.wait_for_timeout(LOOK_MS)
    raise TimeoutError(f"rows never were as wanted; the first ones: {read[:3]}")


def count(table: Locator) -> int:
    """How many rows there are, in sight or not."""
    table.locator("table tbody tr").first.wait_for(state="attached")
    return int(table.locator("table").get_attribute("aria-rowcount") or 0) - 1


def pick(table: Locator, position: int = 0) -> None:
    """Click the box of a row in sight, counted from the top."""
    table.scroll_into_view_if_needed()
    # By force: what takes the click is a transparent part above the canvas.
    table.click(position={"x": BOX, "y": HEADER + ROW * position + ROW // 2}, force=True)
