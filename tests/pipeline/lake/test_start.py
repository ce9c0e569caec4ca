from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pipeline.lake import start
from pipeline.lake.reader import environment

SCRIPT = """
import sys
from pipeline.lake import start
sys.meta_path.insert(0, start._Hidden())
import duckdb, pyarrow.dataset
print("pandas" in sys.modules)
try:
    import pandas.core
except ModuleNotFoundError as error:
    print(error)
"""


def test_what_is_hidden_is_as_if_it_was_not_installed(run_python):
    done = run_python(SCRIPT)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["False", "pandas is hidden from workers"]


@pytest.mark.parametrize("worker", ["worker", "standing_worker"])
def test_it_runs_the_worker_that_is_named(worker, tmp_path):
    request = {
        "root": str(tmp_path), "sql": "SELECT 1 AS n", "limit": None, "skip_damaged": False, "memory": 1 << 29, "max_bytes": 1 << 20,
        "verify_bytes": 0, "unsafe": False, "views": {}, "timeout": 20, "known": [],
    }  # fmt: skip
    done = subprocess.run(
        start.command(worker), input=json.dumps(request).encode() + b"\n", capture_output=True, env=environment(), cwd="/", check=True
    )  # fmt: skip
    assert "held" in json.loads(done.stdout.partition(b"\n")[0])


def test_nothing_of_the_callers_folder_is_run():
    assert start.command("worker")[:3] == [sys.executable, "-P", "-s"]
