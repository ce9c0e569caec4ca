from __future__ import annotations

import json
import subprocess
import sys

import pyarrow as pa
import pytest

from pipeline.lake import reader
from pipeline.lake.writer import LakeWriter

REQUEST = {
    "sql": "SELECT 1 AS one", "limit": None, "skip_damaged": False, "memory": 1 << 30, "max_bytes": 1 << 20,
    "verify_bytes": None, "unsafe": False, "views": {}, "timeout": 20, "known": [],
}  # fmt: skip


@pytest.fixture
def work(tmp_path, rows):
    with LakeWriter(tmp_path, "vm") as writer:
        writer.append("activity", rows(6))

    def work(**more):
        request = json.dumps(REQUEST | {"root": str(tmp_path)} | more).encode()
        command = [sys.executable, "-P", "-s", "-m", "pipeline.lake.worker"]
        done = subprocess.run(
            command, input=request, capture_output=True, env=reader.environment(), cwd="/", check=False
        )
        line, _, rest = done.stdout.partition(b"\n")
        return json.loads(line), rest, done

    return work


def test_answers_with_a_line_and_an_arrow_stream(work):
    answer, rest, done = work(sql="SELECT count(*) AS n FROM activity")
    assert done.returncode == 0
    assert answer["warnings"] == []
    assert answer["held"].startswith(("landlock", "user nobody"))
    assert len(answer["known"]) == 1
    assert pa.ipc.open_stream(rest).read_all().to_pylist() == [{"n": 6}]


def test_only_tables_that_are_named_are_read(work):
    assert work(sql="SELECT count(*) FROM coverage")[0]["known"] == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"sql": "SELEC 1"}, "syntax error"),
        ({"sql": "SELECT * FROM nothing"}, "nothing does not exist"),
        ({"sql": "SELECT error('a\nb')"}, "a b"),
        ({"sql": "SELECT count(*) FROM range(1000000000000) WHERE random() > 2", "timeout": 0.5}, "longer than 0.5 s"),
        ({"sql": "SELECT list(range) FROM range(1000000000)", "memory": 200 << 20}, "more than 200 MiB of memory"),
        ({"sql": "SELECT * FROM range(100000000)"}, "larger than 1 MiB"),
        ({"sql": "SELECT 1", "memory": "much"}, "please report this"),
    ],
)
def test_every_failure_is_one_line(work, more, says):
    answer, rest, done = work(**more)
    assert says in answer["error"]
    assert "\n" not in answer["error"]
    assert (rest, done.stderr, done.returncode) == (b"", b"", 0)


def test_nothing_of_the_callers_environment_is_there(work, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret")
    assert "API_TOKEN" not in reader.environment()
    for sql in ("SELECT getenv('API_TOKEN')", "SELECT getvariable('API_TOKEN') AS v"):
        answer, rest, _ = work(sql=sql)
        assert "error" in answer or b"secret" not in rest
