"""Tables are read as screen readers have them, and a row is clicked where its box is."""

from __future__ import annotations

import pytest

from tools.browsing import browser, grid

PAGE = """
<div role="region" aria-label="Rows" style="position:relative">
<canvas width="400" height="200" style="display:block"><table aria-rowcount="41">
<thead><tr role="row" aria-rowindex="1"><th>Name</th><th>Count</th></tr></thead>
<tbody><tr role="row" aria-rowindex="2"><td>a</td><td>1</td></tr><tr role="row" aria-rowindex="3"><td>b</td><td>2</td></tr></tbody>
</table></canvas></div>
<script>window.at = []; document.querySelector('canvas').addEventListener('click', e => window.at.push([e.offsetX, e.offsetY]))</script>
"""


@pytest.fixture(scope="module")
def page():
    if browser.chromium() is None:
        pytest.skip("chromium is missing: apt-get install chromium-headless-shell")
    with browser.opened() as found:
        made = browser.context(found).new_page()
        made.set_content(PAGE)
        yield made


def test_rows_in_sight_and_how_many_there_are(page):
    table = grid.grid(page, "Rows")
    assert grid.rows(table) == [{"Name": "a", "Count": "1"}, {"Name": "b", "Count": "2"}]
    assert grid.count(table) == 40


def test_a_row_is_clicked_on_its_box(page):
    grid.pick(grid.grid(page, "Rows"), 1)
    [[x, y]] = page.evaluate("window.at")
    assert abs(x - grid.BOX) <= 1
    assert grid.HEADER + grid.ROW < y < grid.HEADER + 2 * grid.ROW
