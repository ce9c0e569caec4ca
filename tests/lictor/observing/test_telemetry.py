"""The observer that watches: by itself, and under real runs whose lake is the truth for what it tells."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from lictor.observing.metrics import BY_NAME, Reading
from lictor.observing.telemetry import LOG_LENGTH, LOGS, LOGS_SENT, SPANS, SPANS_SENT, Telemetry
from pipeline import schema
from pipeline.lake.reader import Lake

LICTOR = (sys.executable, "-m", "lictor", "run")
POLICY = """\
lictor: 1
name: p
rules:
  - { id: secret, on: file.read, match: { path: "**/secret" }, action: deny, severity: high }
  - id: pair
    sequence: [{ on: file.read, match: { path: "**/one" } }, { on: file.read, match: { path: "**/two" } }]
    within: 60s
    action: audit
    severity: medium
"""


class Messages:
    """In place of the sender: takes all, nothing, or says that nobody takes it."""

    def __init__(self):
        self.got, self.takes, self.through, self.life = [], True, True, []

    def open(self):
        self.life.append("open")

    def send(self, message, *, wait=False):
        del wait
        if self.takes:
            self.got.append(message)
        return self.takes

    def gets_through(self):
        return self.through

    def close(self):
        self.life.append("close")


@pytest.fixture
def sending():
    return Messages()


@pytest.fixture
def watching(sending):
    made = Telemetry(sending, ratio=1.0)
    made.open(tuple)
    return made


def batch(rows=3, age_ns=1_000_000):
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return schema.batch("activity", {"boottime_ns": pa.array(np.full(rows, now - age_ns, np.int64))})


def way(watching, *, slow=0.0):
    """A small flow with all its wrappers."""

    def judge(batch):
        time.sleep(slow)
        return batch

    judged, acted = watching.judge(judge), watching.step("act", lambda batch: (batch, None))
    began = time.monotonic_ns()
    return watching.batch(lambda b: acted(judged(b))[0], lambda: began)


def handed_over(watching, sending):
    watching._next = 0
    watching.tick()
    return sending.got[-1]


def numbers(message):
    return {(name, *attributes): value for name, attributes, value in message["numbers"]}


def histograms(message):
    return {name: (counts, total) for name, *_, counts, total in message["histograms"]}


def test_a_batch_is_counted_timed_aged_and_traced(watching, sending):
    before = time.time_ns()
    given = batch(3, age_ns=40_000_000)
    assert way(watching)(given) is given
    message = handed_over(watching, sending)
    counts, total = histograms(message)["lictor.batch.size"]
    assert (sum(counts), total) == (1, 3)
    counts, total = histograms(message)["lictor.verdict.latency"]
    bounds = BY_NAME["lictor.verdict.latency"].bounds
    assert sum(counts) == sum(counts[bounds.index(0.05) :]) == 3
    assert 3 * 0.04 <= total < 3 * 5
    (span,) = message["spans"]
    assert span["rows"] == 3
    assert before - 10**9 < span["begin"] <= span["end"] <= time.time_ns()
    assert [name for name, _, _ in span["steps"]] == ["decode", "judge", "act"]
    times = [t for _, *pair in span["steps"] for t in pair]
    assert times == sorted(times)
    assert span["begin"] == times[0]
    assert times[-1] <= span["end"]
    assert numbers(message)["lictor.step.time", "judge"] > 0


def test_an_unsampled_batch_is_traced_only_if_it_was_slow(sending):
    watching = Telemetry(sending, ratio=0.0)
    way(watching)(batch())
    assert handed_over(watching, sending)["spans"] == []
    way(watching, slow=0.03)(batch())
    (span,) = handed_over(watching, sending)["spans"]
    assert span["end"] - span["begin"] > 20_000_000


def test_about_the_share_that_was_asked_for_is_traced(sending):
    watching = Telemetry(sending, ratio=0.25)
    quick = watching.batch(lambda b: b, time.monotonic_ns)
    given = batch()
    for _ in range(800):
        quick(given)
    traced = len(watching._spans)
    assert 120 < traced < 300  # 200 ± 6.5 standard deviations, and slow ones on a busy machine


def test_results_and_errors_of_a_step_are_its_own(watching):
    def work(a, *, b):
        if b is None:
            raise KeyError(a)
        return a, b

    timed = watching.step("append", work)
    assert timed(1, b=2) == (1, 2)
    with pytest.raises(KeyError):
        timed(1, b=None)


def test_a_reload_is_timed_by_its_result(watching, sending):
    assert watching.reload(lambda: True)() is True
    assert watching.reload(lambda: False)() is False
    found = {tuple(key): sum(counts) for *key, counts, _ in handed_over(watching, sending)["histograms"]}
    name = "lictor.policy.reload.duration"
    assert (found[name, "taken"], found[name, "refused"]) == (1, 1)


def test_a_line_is_told_and_kept_also_from_other_threads(watching, sending):
    told = []
    report = watching.report(told.append)
    threads = [threading.Thread(target=report, args=(f"line {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report("x" * 5000)
    lines = [text for _, text in handed_over(watching, sending)["logs"]]
    assert sorted(lines[:8]) == sorted(told[:8]) == [f"line {i}" for i in range(8)]
    assert lines[8] == "x" * LOG_LENGTH
    assert told[8] == "x" * 5000


def test_what_is_looked_up_goes_along(sending):
    watching = Telemetry(sending)
    watching.open(lambda: [Reading("lictor.holds", (), 4)])
    message = handed_over(watching, sending)
    assert numbers(message)["lictor.holds",] == 4
    assert message["since"] <= message["at"] <= time.time_ns()


def test_it_hands_over_once_a_second(watching, sending):
    for _ in range(100):
        watching.tick()
    assert len(sending.got) == 1


def test_what_the_sender_cannot_take_waits_and_what_has_no_room_is_counted(watching, sending):
    sending.takes = False
    report = watching.report(lambda _: None)
    flow, given = way(watching), batch()
    for i in range(LOGS + 5):
        report(str(i))
    for _ in range(SPANS + 7):
        flow(given)
    watching._next = 0
    watching.tick()
    assert sending.got == []
    sending.takes = True
    lines, spans = [], 0
    for _ in range(LOGS // LOGS_SENT):
        message = handed_over(watching, sending)
        assert len(message["spans"]) <= SPANS_SENT
        lines += [text for _, text in message["logs"]]
        spans += len(message["spans"])
    assert lines == [str(i) for i in range(LOGS)]
    assert spans == SPANS
    dropped = numbers(handed_over(watching, sending))
    assert (dropped["lictor.telemetry.dropped", "logs"], dropped["lictor.telemetry.dropped", "traces"]) == (5, 7)


def test_the_end_hands_over_what_is_left_and_then_ends_the_sender(watching, sending):
    report = watching.report(lambda _: None)
    for i in range(3 * LOGS_SENT):
        report(str(i))
    watching.close()
    assert [text for m in sending.got for _, text in m["logs"]] == [str(i) for i in range(3 * LOGS_SENT)]
    assert sending.life == ["open", "close"]


def test_the_end_wastes_no_time_where_nobody_takes_it(watching, sending):
    sending.through = False
    watching.close()
    assert (sending.got, sending.life) == ([], ["open", "close"])


# Real runs


@pytest.fixture
def run(tmp_path):
    """Function: ``lictor run`` with telemetry; a command that waits for a file ``go`` goes on when ``meanwhile`` is done."""

    def run(endpoint, script, *options, meanwhile=lambda: None, interval=300, lake="lake"):
        env = {**os.environ, "OTEL_METRIC_EXPORT_INTERVAL": str(interval), "OTEL_TRACES_SAMPLER_ARG": "1"}
        telemetry = ["--telemetry", endpoint] if endpoint else []
        line = [*LICTOR, *telemetry, *map(str, options), "--lake", str(tmp_path / lake), "--", "sh", "-c", script]
        (tmp_path / "go").unlink(missing_ok=True)
        begin = time.monotonic()
        with subprocess.Popen(
            line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=env
        ) as child:
            try:
                meanwhile()
                (tmp_path / "go").touch()
                out, err = child.communicate(timeout=60)
            finally:
                child.kill()
        return SimpleNamespace(status=child.returncode, err=err, out=out, seconds=time.monotonic() - begin)

    return run


WAIT = "until test -e go; do sleep 0.05; done; "


def asked(tmp_path, sql):
    return [tuple(row.values()) for row in Lake(tmp_path / "lake").query(sql).to_pylist()]


@pytest.mark.kernel
def test_what_it_tells_of_a_run_is_what_the_lake_has(run, receiver, tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "p.yaml").write_text(POLICY)
    script = (
        WAIT + "for i in 1 2 3 4 5; do ls / >/dev/null; cat secret; done; echo >one; echo >two; cat one two; exit 3"
    )
    done = run(
        receiver.endpoint, script, "--policy", "p.yaml", meanwhile=lambda: receiver.wait(lambda: "lictor.events" in receiver.metrics()),
    )  # fmt: skip
    assert done.status == 3, done.err
    assert "telemetry" not in done.err

    def nonzero(name):
        return {key: value for key, value in receiver.points(name).items() if value}

    events = asked(tmp_path, "SELECT class, count(*) AS n FROM activity GROUP BY 1")
    assert nonzero("lictor.events") == {(name,): n for name, n in events}
    lost = asked(tmp_path, "SELECT class, reason, sum(lost)::BIGINT AS n FROM coverage WHERE lost > 0 GROUP BY 1, 2")
    assert nonzero("lictor.events.lost") == {(name, reason): n for name, reason, n in lost}
    results = asked(
        tmp_path, "SELECT action, enforcement, count(*) AS n FROM actions WHERE phase = 'result' GROUP BY 1, 2"
    )
    assert nonzero("lictor.actions") == {(action, result): n for action, result, n in results}
    assert nonzero("lictor.actions")["deny", "confirmed"] == 5
    found = asked(tmp_path, "SELECT severity, count(*) AS n FROM findings GROUP BY 1")
    assert nonzero("lictor.findings") == {(severity,): n for severity, n in found}
    assert ("medium", 1) in found
    tables = {"activity": "activity", "actions": "actions", "runs": "run_log", "processes": "processes", "coverage": "coverage", "policies": "policies"}  # fmt: skip
    for table, view in tables.items():
        assert [(receiver.points("lictor.lake.rows")[table,],)] == asked(tmp_path, f"SELECT count(*) AS n FROM {view}")

    (latency,) = receiver.metrics()["lictor.verdict.latency"].histogram.data_points
    (size,) = receiver.metrics()["lictor.batch.size"].histogram.data_points
    assert latency.count == size.sum == sum(n for _, n in events)
    assert 0 < latency.sum / latency.count < 5
    assert len([s for s in receiver.spans() if not s.parent_span_id]) == size.count
    assert receiver.points("lictor.policies") == {(): 1}
    assert receiver.points("lictor.lake.log.io")[()] > 1000
    assert receiver.points("process.memory.usage")[()] > 30 << 20
    assert receiver.attributes()["service.name"] == "lictor"


@pytest.mark.kernel
def test_traces_show_the_steps_of_each_batch_and_lines_arrive(run, receiver, tmp_path):
    (tmp_path / "p.yaml").write_text(POLICY + "scope: { agents: [nobody] }\n")
    done = run(receiver.endpoint, WAIT, "--policy", "p.yaml", meanwhile=lambda: receiver.wait(receiver.spans))
    assert done.status == 0, done.err
    spans = {span.span_id: span for span in receiver.spans()}
    batches = [span for span in spans.values() if not span.parent_span_id]
    assert {span.name for span in batches} == {"batch"}
    for batch in batches:
        steps = [span for span in spans.values() if span.parent_span_id == batch.span_id]
        assert {"decode", "attribute", "judge", "act", "append"} <= {span.name for span in steps}
        assert {span.trace_id for span in steps} == {batch.trace_id}
        assert all(
            batch.start_time_unix_nano <= s.start_time_unix_nano <= s.end_time_unix_nano <= batch.end_time_unix_nano
            for s in steps
        )
    assert any("policy p does not apply here" in line for line in receiver.lines()), done.err
    assert all(f"lictor: {line}" in done.err for line in receiver.lines())


@pytest.mark.kernel
def test_a_receiver_that_was_never_there_is_told_once_and_costs_no_time(run, tmp_path):
    script = "sleep 3; ls / >/dev/null"
    without = run(None, script)
    done = run("http://127.0.0.1:9", script, interval=200)
    assert (without.status, done.status) == (0, 0)
    assert done.err.count("telemetry does not get through to http://127.0.0.1:9 (Connection refused)") == 1
    assert "Traceback" not in done.err
    assert done.seconds < without.seconds + 2


@pytest.mark.kernel
@pytest.mark.parametrize("way", ["dies", "hangs"])
def test_a_receiver_that_ends_in_the_middle_does_not_hold_the_run_up(run, receiver, way):
    def meanwhile():
        receiver.wait(lambda: receiver.got["/v1/metrics"])
        receiver.hangs.set() if way == "hangs" else receiver.close()
        time.sleep(2)

    script = WAIT + "i=0; while [ $i -lt 300 ]; do : </etc/hostname; i=$((i+1)); done; exit 4"
    begin = time.monotonic()
    done = run(receiver.endpoint, script, meanwhile=meanwhile)
    assert done.status == 4, done.err
    assert "Traceback" not in done.err
    assert "none lost" in done.err
    assert time.monotonic() - begin < 30
    assert done.err.count("does not get through") <= 1


@pytest.mark.kernel
def test_a_watch_tells_what_it_found_and_ends_in_time(receiver, tmp_path):
    shutil.copy("/bin/bash", tmp_path / "codex")
    env = {**os.environ, "OTEL_METRIC_EXPORT_INTERVAL": "300"}
    line = [sys.executable, "-m", "lictor", "watch", "--telemetry", receiver.endpoint, "--lake", str(tmp_path / "lake")]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=env) as watch:
        try:
            receiver.wait(lambda: "lictor.runs" in receiver.metrics())
            with subprocess.Popen([tmp_path / "codex", "-c", "read _; exit 0"], stdin=subprocess.PIPE) as agent:
                receiver.wait(lambda: receiver.points("lictor.runs") == {(): 1})
                agent.stdin.close()
                assert agent.wait(20) is not None
            receiver.wait(lambda: receiver.points("lictor.runs") == {(): 0})
            begin = time.monotonic()
            watch.send_signal(signal.SIGTERM)
            _, err = watch.communicate(timeout=30)
        finally:
            watch.kill()
    assert watch.returncode == 0, err
    assert time.monotonic() - begin < 15
    assert any(line.startswith(f"found codex (pid {agent.pid}") for line in receiver.lines())
    events = asked(tmp_path, "SELECT class, count(*) AS n FROM activity GROUP BY 1")
    assert {key: value for key, value in receiver.points("lictor.events").items() if value} == {
        (c,): n for c, n in events
    }
