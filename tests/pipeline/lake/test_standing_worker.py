"""The standing worker's protocol, spoken by hand: one line each way, and locked down before the first question."""

from __future__ import annotations

import json
import subprocess
import sys

import pyarrow as pa
import pytest

from pipeline.lake.reader import environment
from pipeline.lake.writer import LakeWriter


@pytest.fixture
def speak(tmp_path):
    root = tmp_path / "lake"
    LakeWriter(root, "h").close()
    process = subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "pipeline.lake.standing_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        cwd="/",
    )

    def say(message):
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        return answer, process.stdout.read(answer["bytes"])

    yield root, say, process
    process.kill()
    process.wait()


def settings(root, **more):
    return {"root": str(root), "views": {"two": "SELECT 2 AS n"}, "memory": 1 << 29, "unsafe": False, **more}


def request(sqls, **more):
    return {
        "sqls": sqls,
        "timeout": 10,
        "limit": None,
        "skip_damaged": False,
        "span": None,
        "max_bytes": 1 << 20,
        **more,
    }


def test_it_tells_what_holds_it_and_answers_in_turn(speak):
    root, say, process = speak
    answer, _ = say(settings(root))
    assert answer["held"].startswith(("landlock", "user"))
    for _ in range(2):
        answer, content = say(request({"a": "SELECT n FROM two", "b": "SELECT 'x' AS t"}))
        size = answer["parts"]["a"][0]
        assert pa.ipc.open_stream(content[:size]).read_all().to_pylist() == [{"n": 2}]
        assert pa.ipc.open_stream(content[size:]).read_all().to_pylist() == [{"t": "x"}]
    process.stdin.close()
    assert process.wait(10) == 0


def test_a_limit_is_kept_and_a_wrong_question_told(speak):
    root, say, _ = speak
    say(settings(root))
    answer, content = say(request({"": "SELECT range FROM range(10)"}, limit=3))
    assert pa.ipc.open_stream(content).read_all().num_rows == 3
    answer, _ = say(request({"": "SELECT nothing"}))
    assert answer["parts"][""][0] is None
    assert "nothing" in answer["parts"][""][1]


def test_a_broken_view_fails_only_who_names_it(speak):
    root, say, _ = speak
    say(settings(root, views={"broken": "SELECT nothing FROM activity", "two": "SELECT 2 AS n"}))
    answer, _ = say(request({"": "SELECT * FROM broken"}))
    assert answer["kind"] == "QueryError"
    answer, content = say(request({"": "SELECT * FROM two"}))
    assert pa.ipc.open_stream(content).read_all().to_pylist() == [{"n": 2}]


def test_a_setting_that_cannot_be_kept_is_told(speak):
    root, say, process = speak
    answer, _ = say(settings(root / "none", memory=1))
    assert "error" in answer or "held" in answer
    process.stdin.close()
    process.wait(10)
