"""A scheduled pass under SIGKILL before every system call that changes something: no finding twice, none missing.

After each kill more rows come, and a new process does what ``lictor detect`` does at its start and passes again. The
findings must be those of a pass that nobody disturbed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.trials import begin, every

ROOT = Path(__file__).parents[2]
STRIDE = 1 if every() else 5

KILLS = '''
import json, os, shutil, signal, sys
from datetime import timedelta
from pathlib import Path
import pyarrow as pa
from lictor.detecting import passing
from pipeline import schema
from pipeline.detect.interface import Detection
from pipeline.detect.past_questions import PastQuestions
from pipeline.detect.question import Question
from pipeline.detect.row_questions import RowQuestions
from pipeline.lake import engine, layout, snapshot
from pipeline.lake.feed import Feed
from pipeline.lake.writer import LakeWriter

BASE, LAKE = Path(sys.argv[1]) / "base", Path(sys.argv[1]) / "lake"
ROW = "{'boot_id': boot_id, 'source': source, 'cpu': cpu, 'class': class, 'seq': seq, 'time_ns': time_ns}"
ONE = "SELECT time, host, agent_run, [row_id] AS evidence FROM base WHERE errno = 13"
TWO = (f"WITH e AS (SELECT *, {ROW} AS row_id FROM activity) SELECT b.time, b.host, b.agent_run, [a.row_id, b.row_id]"
       " AS evidence FROM e AS a JOIN e AS b ON b.seq = a.seq + 7 WHERE a.errno = 13")
passing.MAX_ROWS, passing.SLICE_ROWS = 30, 20  # several groups and slices

def rows(first, count):
    seqs = range(first, first + count)
    return pa.Table.from_pylist([
        {"time": 1_790_000_000_000_000 + s * 1000, "time_ns": (1_790_000_000_000_000 + s * 1000) * 1000, "seq": s,
         "errno": 13 if s % 5 == 0 else 0, "host": "vm", "class": "file", "agent_run": "r"} for s in seqs
    ], schema.lake_schema("activity"))

class Context:
    def query_all(self, sqls, **_):
        taken = snapshot.take(LAKE, schema.TABLES)
        connection = engine.connect(LAKE, 1 << 29)
        engine.define(connection, LAKE, taken, {})
        return {n: connection.sql(s).to_arrow_table() for n, s in sqls.items()}

def question(name, sql):
    about = Detection(name, "1", "hunt", name, "high", ())
    return Question(about, lambda *_: sql, timedelta(seconds=60), bare=lambda *_: sql)

def run():
    with Feed(LAKE, "detect", {"activity"}, max_rows=10) as feed, LakeWriter(LAKE, "vm") as writer:
        def write(found):
            writer.append("findings", found)
            writer.sync()
        detectors = [RowQuestions([question("one", ONE)], lambda *_: {"base": f"SELECT *, {ROW} AS row_id FROM activity"}), PastQuestions([question("two", TWO)])]
        detecting = passing.Detecting(feed, Context(), detectors, write)
        detecting.settle()
        detecting.run()

def add(first, count):
    with LakeWriter(LAKE, "vm") as writer:
        writer.append("activity", rows(first, count))

def found():
    ids = Context().query_all({"f": "SELECT id, rule, evidence FROM findings"})["f"].to_pylist()
    return sorted((r["rule"], [e["seq"] for e in json.loads(r["evidence"])]) for r in ids)

def child(act):
    """In a process of its own, since threads do not survive a fork; what it gives comes back as JSON."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(read)
            result = act()
            with os.fdopen(write, "w") as out:
                json.dump(result, out)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(3)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as source:
        said = source.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said

CHANGING = ("writev", "rename", "replace", "unlink", "link", "mkdir", "fsync", "fdatasync")

def killed_at(number):
    count = 0
    def watch(name, call):
        def step(*arguments, **more):
            nonlocal count
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            return call(*arguments, **more)
        return step
    for name in CHANGING:
        setattr(os, name, watch(name, getattr(os, name)))
    run()
    return count

def begin():
    add(0, 60)
    with LakeWriter(LAKE, "vm") as writer:  # a log that is begun and stays
        writer.append("activity", rows(60, 15))
        writer.sync()
        shutil.copytree(LAKE, BASE)  # as it is while its writer lives

LAKE.mkdir()
assert child(begin)[0] == 0
wanted = sorted([["one", [s]] for s in range(0, 100, 5)] + [["two", [s, s + 7]] for s in range(0, 93, 5)])
number, stride, outcomes = int(sys.argv[2]), int(sys.argv[3]), []
while True:
    shutil.rmtree(LAKE)
    shutil.copytree(BASE, LAKE)
    status, _ = child(lambda: killed_at(number))
    assert status in (0, -9), status
    again, text = child(lambda: (add(75, 25), run(), run(), found())[-1])
    assert again == 0, (number, text)
    outcomes.append(json.loads(text) == wanted)
    if not outcomes[-1]:
        print("kill before step", number, "gave", text, file=sys.stderr)
    if status == 0:
        break
    number += stride
print(json.dumps({"steps": number, "outcomes": outcomes}))
'''


def test_a_kill_at_any_step_neither_doubles_nor_loses_a_finding(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path), str(int(begin(STRIDE))), str(STRIDE)], env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout)
    assert result["steps"] >= 30
    assert len(result["outcomes"]) > result["steps"] // STRIDE
    assert all(result["outcomes"]), done.stderr[-3000:]
