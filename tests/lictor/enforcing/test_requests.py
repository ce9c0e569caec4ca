"""Questions as rows: who, what, why, and how it was decided."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from enforcer.decisions import Decision
from enforcer.holds import Hold
from enforcer.interface import Order
from lictor.enforcing import requests
from pipeline import schema


def hold(live, what="/srv/keys/id", operation="file.read", rule="keys"):
    order = Order("ask", live.id, live.root_key, live.root_pid, object=what, rule=rule, policy="p")
    return Hold("a" * 32, order, due=0.0, seconds=300.0, then="deny", operation=operation, stopped=True)


def test_a_question_says_who_wants_what_and_why_not(live):
    row = requests.waiting(hold(live), live)
    assert (row["state"], row["agent_run"], row["agent"], row["uid"], row["pid"]) == (
        "waiting",
        "run-1",
        "codex",
        live.uid,
        live.root_pid,
    )
    assert row["exe"].endswith("/sleep")
    assert row["cmdline"] == "sleep 60"
    assert (row["operation"], row["object"], row["rule"], row["policy"]) == ("file.read", "/srv/keys/id", "keys", "p")
    assert (row["because"], row["instead"]) == ("Keys are not for agents.", "Ask.")
    assert timedelta(minutes=4.9) < row["until"] - datetime.now(UTC) <= timedelta(minutes=5)
    assert row["then"] == "deny"
    assert requests.table([row]).schema == schema.lake_schema("requests")


def test_a_process_that_is_gone_leaves_its_program_open(live, child):
    child.kill()
    child.wait()
    row = requests.waiting(hold(live), live)
    assert (row["exe"], row["cmdline"]) == (None, None)


BLANKED = """
import ctypes, sys
fields = open("/proc/self/stat").read().rpartition(")")[2].split()
begin, end = int(fields[45]), int(fields[46])  # arg_start and arg_end: 48 and 49 in proc(5), which counts pid and comm too
ctypes.memset(begin, 0, end - begin)
print("blanked", flush=True)
sys.stdin.read()
"""


def test_a_process_that_blanked_its_words_keeps_its_program(live):
    with subprocess.Popen([sys.executable, "-c", BLANKED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"blanked\n"
        live.root_pid = process.pid
        row = requests.waiting(hold(live), live)
        assert row["exe"] == os.readlink(f"/proc/{process.pid}/exe")
        assert row["cmdline"] is None
        process.stdin.close()


def test_an_answer_is_the_same_question_with_the_decider(live):
    asked = requests.waiting(hold(live), live)
    row = requests.decided(asked, Decision("release", "root", "I asked for it", 0, "alice", "ann@example.com"))
    assert (row["id"], row["state"], row["decided_by"], row["decided_uid"], row["decided_login"], row["decided_account"], row["why"]) == (
        asked["id"], "released", "root", 0, "alice", "ann@example.com", "I asked for it",
    )  # fmt: skip
    assert requests.decided(asked, Decision("deny", "lictor"))["state"] == "denied"
    assert requests.decided(asked, Decision("kill", "root"))["state"] == "killed"
    assert requests.gone(asked)["state"] == "gone"


def test_the_smallest_change_is_one_that_would_have_let_it_pass(live, policies):
    row = requests.waiting(hold(live), live)
    assert "keys" in requests.smallest(row, policies, live.context)
    row = requests.waiting(hold(live, "203.0.113.9:25", "net.connect", "out"), live)
    assert "out" in requests.smallest(row, policies, live.context)
    row = requests.waiting(hold(live, "[2001:db8::1]:25", "net.connect", "out"), live)
    assert "out" in requests.smallest(row, policies, live.context)


def test_a_run_that_a_person_froze_has_nothing_to_change(live, policies):
    row = requests.waiting(hold(live, None, None, "by hand"), live)
    assert row["because"] is None
    assert requests.smallest(row, policies, live.context) is None
