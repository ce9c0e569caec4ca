"""What is exported is what is shown, row for row as the lake has it, in each format; nothing in it is a formula; and it is recorded."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from tests.browser import hostile

SEARCH = f"audit?run={hostile.RUN}&columns=1"
QUERY = f"SELECT time_ns, host, path, cmdline, exe, rule, seq FROM activity WHERE agent_run = '{hostile.RUN}' ORDER BY time_ns DESC"
NAMES = ("time_ns", "host", "object", "cmdline", "exe", "rule", "seq")


def saved(page, kind, folder):
    """Export as a person does; the file."""
    page.get_by_role("button", name="Export").click()
    page.get_by_role("dialog").get_by_role("radio", name=kind).click()
    page.get_by_role("button", name="Prepare").click()
    save = page.get_by_role("button", name=re.compile(r"^Save [\d,]+ rows"))
    expect(save).to_be_visible()
    with page.expect_download() as download:
        save.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


@pytest.fixture
def truth(sql):
    rows = [tuple(row.values()) for row in sql(QUERY)]
    assert len(rows) == len(hostile.PAYLOADS) + 1
    return rows


def test_csv_holds_the_rows_of_the_lake_and_no_formula(visit, truth, tmp_path):
    file = saved(visit("ben", SEARCH), "CSV", tmp_path)
    assert file.name.startswith("audit-activity-")
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    cells = [value for row in rows for value in row.values()]
    assert not [c for c in cells if c[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    quoted = [tuple(row[name] for name in NAMES) for row in rows]
    assert quoted == [tuple(defused(value) for value in row) for row in truth]
    assert sum(c.startswith("'=") for c in cells) > 0


def defused(value):
    """As a spreadsheet shows it: a text that would be a formula has a quote in front."""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in {"=", "+", "-", "@"} else text


def test_json_holds_the_rows_as_they_are(visit, truth, tmp_path):
    rows = json.loads(saved(visit("ben", SEARCH), "JSON", tmp_path).read_text())
    assert [tuple(row[name] for name in NAMES) for row in rows] == truth
    assert all(datetime.fromisoformat(row["time"]) for row in rows)


def test_parquet_holds_the_rows_as_they_are(visit, truth, tmp_path):
    rows = pq.read_table(saved(visit("ben", SEARCH), "Parquet", tmp_path)).to_pylist()
    assert [tuple(row[name] for name in NAMES) for row in rows] == truth


def test_an_export_is_recorded_before_its_bytes_are_there(visit, sql, tmp_path):
    before = {row["id"] for row in sql("SELECT id FROM console WHERE act = 'export'")}
    saved(visit("cem", SEARCH), "CSV", tmp_path)
    rows = [
        r
        for r in sql("SELECT id, account, role, phase, object, detail FROM console WHERE act = 'export' ORDER BY time")
        if r["id"] not in before
    ]
    assert [(r["account"], r["role"], r["phase"], r["object"]) for r in rows] == [
        ("cem", "responder", "intent", "audit-activity"), ("cem", "responder", "result", "audit-activity"),
    ]  # fmt: skip
    assert json.loads(rows[0]["detail"])["filters"]["run"] == [hostile.RUN]
    assert json.loads(rows[1]["detail"])["rows"] == len(hostile.PAYLOADS) + 1
