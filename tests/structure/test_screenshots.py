"""Pictures of the dashboard: one of each page, shown in its documentation, and taken of what a browser really drew."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime

import pytest

from dashboards.pages_list import PAGES
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries.catalog import views
from tools import sample_lake, screenshots
from tools.browsing import browser, serving

DOCUMENT = serving.ROOT / "docs" / "dashboard.md"


def size(file):
    """Width and height of a PNG, from its first chunk (RFC 2083, 4.1.1)."""
    head = file.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictured") / "lake"
    sample_lake.make(folder, now=datetime.now(UTC), days=2, scale=1)
    return folder


def test_each_page_has_a_picture_in_the_tree_and_in_the_documentation():
    shown = re.findall(r"!\[[^]]+\]\(img/dashboard/([a-z-]+)\.png\)", DOCUMENT.read_text("utf-8"))
    assert {page.name for page in PAGES} <= set(shown)
    assert sorted(shown) == sorted(f.stem for f in screenshots.FOLDER.iterdir())
    assert {size(f) for f in screenshots.FOLDER.iterdir()} == {tuple(browser.SIZE.values())}


def test_pictures_are_those_that_the_documentation_shows(lake):
    wanted = list(screenshots.shots(Lake(lake, views=views())))
    assert sorted(s.name for s in wanted) == sorted(f.stem for f in screenshots.FOLDER.iterdir())
    assert all("=&" not in s.path and not s.path.endswith("=") for s in wanted), "something is chosen in each"


def test_a_lake_with_nothing_in_it_has_pages_too(tmp_path):
    with LakeWriter(tmp_path / "lake", "h"):
        pass
    assert len(list(screenshots.shots(Lake(tmp_path / "lake", views=views())))) == len(PAGES) + 2


def test_pictures_are_of_pages_that_are_drawn(lake, tmp_path, monkeypatch):
    if browser.chromium() is None:
        pytest.skip("no chromium (apt-get install chromium-headless-shell)")
    two = [screenshots.Shot("health", "health"), screenshots.Shot("night", "", "dark")]
    monkeypatch.setattr(screenshots, "shots", lambda _: two)
    day, night = screenshots.take(lake, tmp_path / "pictures")
    assert (day.name, night.name) == ("health.png", "night.png")
    assert size(day) == size(night) == tuple(browser.SIZE.values())
    assert day.stat().st_size > 20_000, "an empty page is smaller"
    assert day.read_bytes() != night.read_bytes()
