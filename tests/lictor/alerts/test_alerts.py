from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time

import pyarrow as pa
import pytest

from lictor.alerts.alerts import Alerts
from lictor.alerts.config import AlertsConfig
from lictor.alerts.model import Command, Webhook
from pipeline import schema

ALL = ("findings", "actions", "requests", "alarms")
SHELL = "/bin/sh"


@pytest.fixture
def made():
    """Function: alerts, closed at the end; ``told`` collects what is reported."""
    opened = []

    def make(*targets, told=None):
        config = AlertsConfig(
            tuple(t for t in targets if isinstance(t, Webhook)), tuple(t for t in targets if isinstance(t, Command))
        )
        alerts = Alerts(config, host="here", boot_id="boot", report=(told if told is not None else []).append)
        opened.append(alerts)
        return alerts

    yield make
    for alerts in opened:
        alerts.close(0)


def rows_until(alerts, count, seconds=10.0):
    """Rows of ``actions`` as a service takes them, offering them again as it does with all rows."""
    found, end = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        rows = alerts.take()
        if rows is not None:
            alerts.offer("actions", rows)
            found += rows.to_pylist()
        time.sleep(0.005)
    return found


def test_findings_arrive_as_the_lake_has_them(made, server, findings):
    running = server(200)
    alerts = made(Webhook("soc", running.url, ("findings",), min_severity="medium"))
    alerts.offer("findings", findings(("low", "a"), ("high", "b"), ("critical", "lictor:x")))
    intent, result = rows_until(alerts, 2)
    ((_, headers, body, _),) = running.seen
    document = json.loads(body)
    assert (document["kind"], document["id"], document["rule"], document["severity"]) == ("finding", "f1", "b", "high")
    assert intent["id"] == result["id"] == headers["X-Lictor-Delivery"]
    assert (intent["phase"], result["phase"]) == ("intent", "result")
    assert (result["action"], result["object"], result["enforcement"]) == ("webhook", "soc", "confirmed")
    assert result["evidence"].startswith("HTTP 200 after 1 try in ")
    assert (result["rule"], result["agent_run"], result["host"]) == ("b", "run-1", "here")


def test_503_then_200_is_one_delivery(made, server, findings):
    running = server((503, {"Retry-After": "1"}), 200)
    alerts = made(Webhook("soc", running.url, ALL))
    alerts.offer("findings", findings(("low", "a")))
    *_, result = rows_until(alerts, 2)
    assert result["enforcement"] == "confirmed"
    assert result["evidence"].startswith("HTTP 200 after 2 tries in 1")
    (_, one, body, first), (_, other, again, second) = running.seen
    assert (one["X-Lictor-Delivery"], body) == (other["X-Lictor-Delivery"], again)
    assert second - first >= 1


def test_a_dead_webhook_does_not_hold_up_a_command(made, server, findings, tmp_path, until):
    running, note = server("hang"), tmp_path / "note"
    alerts = made(
        Webhook("dead", running.url, ("findings",), timeout=10 * 10**9),
        Command("note", (SHELL, "-c", f"cat >> {note}; echo >> {note}"), ("findings",)),
    )
    begun = time.monotonic()
    alerts.offer("findings", findings(("low", "a"), ("low", "b")))
    assert time.monotonic() - begun < 0.5
    assert until(lambda: note.exists() and len(note.read_text().splitlines()) == 2)
    assert [json.loads(line)["rule"] for line in note.read_text().splitlines()] == ["a", "b"]
    assert time.monotonic() - begun < 5


def test_alerts_about_actions_never_make_alerts(made, server, actions):
    running = server(404)  # failed: of high severity, and still no alert
    alerts = made(Webhook("soc", running.url, ALL), Command("page", ("/bin/false",), ALL, retries=0))
    alerts.offer("actions", actions(("intent", "kill", None), ("result", "kill", "confirmed")))
    found = rows_until(alerts, 4)
    assert sorted((row["action"], row["phase"]) for row in found) == [
        ("command", "intent"), ("command", "result"), ("webhook", "intent"), ("webhook", "result"),
    ]  # fmt: skip
    assert rows_until(alerts, 1, seconds=0.3) == []
    assert len(running.seen) == 1


def test_only_the_actions_that_were_named(made, server, actions):
    running = server(200)
    alerts = made(Webhook("soc", running.url, ("actions",), actions=("kill",)))
    alerts.offer("actions", actions(("result", "deny", "confirmed"), ("result", "kill", "failed")))
    rows_until(alerts, 2)
    assert [json.loads(body)["id"] for _, _, body, _ in running.seen] == ["a1"]


def test_requests_arrive_whatever_their_columns(made, server):
    running = server(200)
    alerts = made(Webhook("soc", running.url, ("requests",)))
    alerts.offer("requests", pa.table({"id": ["q"], "agent_run": ["r"], "state": ["waiting"], "then": ["deny"]}))
    rows_until(alerts, 2)
    document = json.loads(running.seen[0][2])
    assert (document["kind"], document["host"], document["then"]) == ("request", "here", "deny")


def test_other_tables_and_empty_ones_are_let_pass(made, server, findings):
    alerts = made(Webhook("soc", server(200).url, ALL))
    before = threading.active_count()
    alerts.offer("activity", pa.table({"rule": ["r"]}))
    alerts.offer("findings", findings())
    alerts.offer("findings", None)
    assert alerts.take() is None
    assert threading.active_count() == before


def test_rows_are_those_of_the_lake(made, server, findings):
    alerts = made(Webhook("soc", server(200).url, ALL))
    alerts.offer("findings", findings(("low", "a")))
    assert alerts.take().schema == schema.lake_schema("actions")


def test_a_flood_drops_the_least_severe_and_says_so(made, server, findings):
    running = server("hang")
    alerts = made(Webhook("soc", running.url, ALL, timeout=60 * 10**9))
    alerts.offer("findings", findings(("critical", "first")))
    begun = time.monotonic()
    alerts.offer("findings", findings(*[("low", "flood")] * 1500, ("critical", "last")))
    assert time.monotonic() - begun < 2
    found = alerts.take().to_pylist()
    together, *dropped = [row for row in found if row["phase"] == "result"]
    assert "501 of this batch" in together["evidence"] or "501 of this batch" in dropped[-1]["evidence"]
    assert alerts.dropped["soc"] >= 501
    assert {row["rule"] for row in [together, *dropped]} <= {"flood", None}
    alerts.close(0.2)
    left = [row["rule"] for row in alerts.take().to_pylist()]
    assert (left.count("first"), left.count("last")) == (1, 1)  # neither made room


def test_a_lost_target_is_told_once_and_once_that_it_is_back(made, server, findings):
    running, told = server(404, 404, 404, 200, 200), []
    alerts = made(Webhook("soc", running.url, ALL), told=told)
    for _ in range(5):
        alerts.offer("findings", findings(("low", "a")))
        rows_until(alerts, 2)
    assert [line.split(": ")[0] for line in told] == [
        "alerts to webhook soc fail",
        "alerts to webhook soc arrive again",
    ]
    assert "HTTP 404" in told[0]


def test_a_secret_is_nowhere_to_be_read(made, findings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/s3cret"
        told = []
        hook = Webhook("soc", url, ALL, headers={"X-Key": "s3cret"}, secret="s3cret", retries=0)
        alerts = made(hook, told=told)
        alerts.offer("findings", findings(("low", "a")))
        found = rows_until(alerts, 2)
    assert found[1]["enforcement"] == "failed"
    assert "s3cret" not in repr((found, told, hook))


def test_close_loses_nothing(made, server, findings):
    running = server("hang")
    alerts = made(
        Webhook("hangs", running.url, ALL, timeout=60 * 10**9),
        Command("works", ("/bin/true",), ALL),
    )
    alerts.offer("findings", findings(*[("low", "a")] * 20))
    begun = time.monotonic()
    alerts.close(2)
    assert time.monotonic() - begun < 3.5
    found = alerts.take().to_pylist()
    for target in ("hangs", "works"):
        own = [row for row in found if row["object"] == target]
        intents = [row["id"] for row in own if row["phase"] == "intent"]
        results = {row["id"]: row for row in own if row["phase"] == "result"}
        assert len(intents) == len(results) == 20
        assert set(intents) == set(results)
    told = [row["enforcement"] for row in found if row["object"] == "hangs" and row["phase"] == "result"]
    assert (told.count("unverified"), told.count("failed")) == (1, 19)
    confirmed = [row for row in found if row["object"] == "works" and row["enforcement"] == "confirmed"]
    assert len(confirmed) == 20


def test_close_kills_a_command_that_goes_on(made, findings, tmp_path, group_members, until):
    note = tmp_path / "group"
    command = Command("slow", (SHELL, "-c", f"echo $$ > {note}; (sleep 60; :) & sleep 60"), ALL, timeout=60 * 10**9)
    alerts = made(command)
    alerts.offer("findings", findings(("low", "a")))
    assert until(lambda: note.exists() and note.read_text())
    alerts.close(0.3)
    assert alerts.take().to_pylist()[-1]["enforcement"] == "unverified"
    assert until(lambda: not group_members(int(note.read_text())))


def test_after_close_nothing_is_taken_on(made, server, findings):
    alerts = made(Webhook("soc", server(200).url, ALL))
    alerts.close(0)
    alerts.offer("findings", findings(("low", "a")))
    assert alerts.take() is None


def test_the_end_of_the_program_waits_for_no_thread(tmp_path):
    """A service that dies without closing must not hang on a target that does."""
    script = """
import socket, sys, pyarrow as pa
from lictor.alerts.alerts import Alerts
from lictor.alerts.config import AlertsConfig
from lictor.alerts.model import Webhook
listening = socket.create_server(("127.0.0.1", 0))
hook = Webhook("soc", f"http://127.0.0.1:{listening.getsockname()[1]}/", ("findings",), timeout=60 * 10**9)
alerts = Alerts(AlertsConfig((hook,)), host="h")
alerts.offer("findings", pa.table({"id": ["a"], "severity": ["low"], "rule": ["r"]}))
listening.accept()
"""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], timeout=30, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert time.monotonic() - begun < 10
