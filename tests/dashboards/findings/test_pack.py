"""The evidence pack: every file listed with its hash, rows as they are, and honest words about what it proves."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dashboards.findings import pack, proof
from queries.hunting import hunts

MADE = pack.Made("ann", "analyst", datetime(2026, 3, 2, tzinfo=UTC), "9.9")
FOUND = {"id": "f1", "time": datetime(2026, 3, 1, tzinfo=UTC), "title": "x\n\x1b[31m\u202e<b>", "status": "new"}
ROWS = pa.table({"path": ["a\n\u202eb", None], "seq": [1, 2**62]})
TABLES = dict.fromkeys(("evidence", "actions", "run", "coverage", "policies", "triage"), ROWS)
PROOF = proof.read('[{"seq": 1, "time_ns": 1772323200000000000}, {"seq": 2}, {"seq": 3}]', FOUND["time"])


def opened(data):
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


@pytest.fixture
def files():
    return opened(pack.packed(FOUND, PROOF, TABLES, {"kind": "Hunt"}, hunts()["denied_then_done"], MADE))


def test_all_is_in_it(files):
    assert set(files) == {
        "README.txt", "finding.json", "detection.json", "hunt.sql", "evidence.parquet", "evidence.jsonl", "actions.jsonl", "run.jsonl",
        "coverage.jsonl", "policies.jsonl", "triage.jsonl", "manifest.json",
    }  # fmt: skip


def test_the_manifest_lists_every_other_file_with_its_hash(files):
    manifest = json.loads(files.pop("manifest.json"))
    listed = {f["name"]: (f["bytes"], f["sha256"]) for f in manifest["files"]}
    assert listed == {n: (len(d), hashlib.sha256(d).hexdigest()) for n, d in files.items()}
    assert (manifest["finding"], manifest["account"], manifest["signed"]) == ("f1", "ann", False)


def test_rows_are_the_same_in_both_formats_and_json_holds_no_odd_character(files):
    assert pq.read_table(io.BytesIO(files["evidence.parquet"])).equals(ROWS)
    assert [json.loads(line) for line in files["evidence.jsonl"].splitlines()] == ROWS.to_pylist()
    for name in ("finding.json", "evidence.jsonl", "manifest.json"):
        assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in files[name]), name
    assert json.loads(files["finding.json"])["title"] == FOUND["title"]


def test_the_readme_says_what_it_does_not_prove(files):
    text = files["README.txt"].decode()
    assert "not signed" in text
    assert "no ledger" in text
    assert "names 3 rows; 2 of them" in text
    assert "ann (analyst)" in text
    assert "{" not in text
    for name in files.keys() - {"README.txt"}:
        assert name in text


def test_equal_content_makes_an_equal_pack_and_other_content_another():
    one, same = (pack.packed(FOUND, PROOF, TABLES, {}, None, MADE) for _ in range(2))
    other = pack.packed(FOUND | {"status": "resolved"}, PROOF, TABLES, {}, None, MADE)
    assert pack.sha256(one) == pack.sha256(same) != pack.sha256(other)
    assert "hunt.sql" not in opened(one)
