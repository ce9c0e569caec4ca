"""docs/telemetry.md lists the metrics that there are, and names files that are there."""

from __future__ import annotations

import re

from lictor.observing.metrics import METRICS, prometheus_name
from tools import generated, telemetry_docs

PAGE = telemetry_docs.render()


def test_page_in_the_tree_is_fresh():
    assert not generated.difference(generated.ROOT / "docs" / "telemetry.md", PAGE), "run: make docs"


def test_every_metric_stands_in_the_table_once_and_in_order():
    section = PAGE.split("## Metrics")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z._]+)` \| \w+ \| .* \| `([a-z_]+)` \|$", section, re.MULTILINE)
    assert rows == [(metric.name, prometheus_name(metric)) for metric in METRICS]


def test_every_file_that_is_linked_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert len(links) >= 4
    assert all((generated.ROOT / "docs" / link).resolve().is_file() for link in links)


def test_what_is_in_a_cell_does_not_break_its_row():
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 7 for line in PAGE.splitlines() if line.startswith("| `lictor."))
