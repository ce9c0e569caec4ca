"""The cage itself: DuckDB runs in it with every lock of its own open, and still can do nothing."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

import pytest

from pipeline.lake import landlock, sandbox
from pipeline.lake.errors import LakeError
from pipeline.lake.reader import environment
from pipeline.lake.writer import LakeWriter

UNLOCKED = """
import json, sys
from pathlib import Path
import duckdb, pyarrow, pyarrow.dataset
from pipeline.lake import landlock, sandbox
root = Path(sys.argv[1])
if "no-landlock" in sys.argv:
    landlock.abi = lambda: 0
try:
    held = "free" if "free" in sys.argv else sandbox.confine(root, memory=6 << 30, seconds=30, unsafe=False)
except Exception as error:
    print(json.dumps([str(error), {}]))
    sys.exit()
results = {}
for sql in json.load(sys.stdin):
    try:
        results[sql] = str(duckdb.connect().sql(sql).fetchall())
    except Exception as error:
        results[sql] = type(error).__name__
print(json.dumps([held, results]))
"""


def fingerprint(root):
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "" for p in sorted(root.rglob("*"))}


@pytest.fixture
def lake(rows):
    """A lake that every user may reach and read; pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "lake"
        with LakeWriter(root, "vm") as writer:
            writer.append("activity", rows(20))
        (root / "vault").mkdir()
        (root / "vault" / "quarantined").write_text("malware")
        yield root


def attacks(root):
    segment = next(root.rglob("*.parquet"))
    log = root / "wal" / "x.wal"
    return [
        f"COPY (SELECT 1) TO '{segment}' (use_tmp_file false)",
        f"WITH x AS (COPY (SELECT 1) TO '{segment}' (use_tmp_file false)) SELECT 1",
        f"COPY (SELECT 1) TO '{root}/activity/new.parquet'",
        f"COPY (SELECT 1) TO '{log}' (FORMAT csv)",
        f"EXPORT DATABASE '{root}/activity/export'",
        f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/activity/new.csv'",
        f"ATTACH '{root}/activity/new.duckdb'",
        f"SELECT * FROM read_text('{root}/vault/quarantined')",
        f"SELECT * FROM read_text('{root}/activity/../vault/quarantined')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM read_text('/proc/self/environ')",
        "SELECT * FROM read_text('/proc/1/environ')",
        "SELECT * FROM read_blob('/proc/self/mem')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
        "COPY (SELECT 1) TO '/tmp/lictor-escaped.csv'",
    ]


def run(run_python, lake, *arguments):
    before = fingerprint(lake)
    count = f"SELECT count(*) FROM read_parquet('{next(lake.rglob('*.parquet'))}')"
    done = run_python(UNLOCKED, lake, *arguments, input=json.dumps([*attacks(lake), count]), extra=environment())
    assert done.returncode == 0, done.stderr
    assert fingerprint(lake) == before
    assert not Path("/tmp/lictor-escaped.csv").exists()
    held, results = json.loads(done.stdout)
    return held, results.pop(count, None), results


@pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")
def test_landlock_alone_stops_every_write_and_every_read_elsewhere(lake, run_python):
    held, count, results = run(run_python, lake)
    assert held == f"landlock {landlock.abi()}"
    assert count == "[(20,)]"
    got = {s: r for s, r in results.items() if r.startswith("[") and r != "[]"}
    assert got == {}


def test_the_attacks_work_where_nothing_stops_them(lake, run_python):
    before = fingerprint(lake)
    tries = attacks(lake)[1:10]
    done = run_python(UNLOCKED, lake, "free", input=json.dumps(tries), extra=environment())
    results = json.loads(done.stdout)[1]
    assert fingerprint(lake) != before
    assert all(r.startswith("[") for r in results.values()), results


def open_to_all(root):
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_landlock_root_asks_as_nobody(lake, run_python):
    open_to_all(lake)
    held, count, results = run(run_python, lake, "no-landlock")
    assert (held, count) == ("user nobody", "[(20,)]")
    written = {s: r for s, r in results.items() if "COPY" in s and r.startswith("[")}
    assert set(written) <= {s for s in results if "/tmp/lictor-escaped" in s}
    assert not Path("/tmp/lictor-escaped.csv").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_landlock_a_closed_or_open_lake_is_explained(lake, run_python):
    held, *_ = run(run_python, lake, "no-landlock")
    assert "may not read here" in held
    assert "chmod -R o+rX" in held
    open_to_all(lake)
    (lake / "activity").chmod(0o777)
    held, *_ = run(run_python, lake, "no-landlock")
    assert "everybody may write here" in held


def test_without_landlock_and_root_it_refuses_unless_told(tmp_path, monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sandbox, "_limit", lambda *_: None)
    monkeypatch.setattr(sandbox, "_die_with_parent", lambda: None)
    monkeypatch.setattr(sandbox, "_threads", lambda: 1)
    with pytest.raises(LakeError, match=r"no Landlock.*--unsafe"):
        sandbox.confine(tmp_path, memory=1, seconds=1, unsafe=False)
    assert sandbox.confine(tmp_path, memory=1, seconds=1, unsafe=True) == "nothing"


def test_a_second_thread_is_refused_since_it_would_stay_free(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "_threads", lambda: 2)
    with pytest.raises(LakeError, match="2 threads before it is locked down"):
        sandbox.confine(tmp_path, memory=1, seconds=1, unsafe=True)


def test_limits_and_powers_are_given_up(tmp_path, run_python):
    script = """
import json, resource, sys
from pathlib import Path
from pipeline.lake import sandbox
sandbox.confine(Path(sys.argv[1]), memory=6 << 30, seconds=30, unsafe=True)
sizes = [resource.getrlimit(k) for k in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)]
with open("/proc/self/mountinfo"):
    pass
print(json.dumps([sizes, sandbox.capabilities()]))
"""
    done = run_python(script, tmp_path, extra=environment())
    assert done.returncode == 0, done.stderr
    sizes, powers = json.loads(done.stdout)
    assert sizes == [[6 << 30] * 2, [0, 0], [0, 0]]
    assert powers & ~sandbox._DAC_READ_SEARCH == 0
