"""The lowest rung end to end: a command is ended by the kernel, and its terminal and its agent learn why."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
POLICY = """\
lictor: 1
name: house
rules:
  - {{ id: keys, on: file.read, match: {{ path: {secret} }}, action: deny, because: Keys are private., instead: Ask the broker. }}
"""
AGENT = """\
import json, os, subprocess, sys, time
def hook(event, command):
    call = {"hook_event_name": event, "session_id": "s", "tool_name": "Bash", "tool_input": {"command": command}, "cwd": "/"}
    ended = subprocess.run([sys.executable, "-c", "from lictor.cli.entry import main; main()", "hook"],
                           input=json.dumps(call).encode(), capture_output=True, check=True)
    return ended.stdout.decode()
secret, told = sys.argv[1:]
first = hook("PostToolUse", "true")
with open(told + ".out", "wb") as out:
    status = subprocess.run(["sh", "-c", 'cat "$0"; exit $?', secret], stdout=out, stderr=out).returncode
reasons = os.path.join(os.environ["LICTOR_RUNTIME"], "runs", os.environ["LICTOR_RUN"], "reasons.jsonl")
deadline = time.monotonic() + 20
while not os.path.exists(reasons) and time.monotonic() < deadline:
    time.sleep(0.01)
answers = [first, hook("PostToolUseFailure", "cat"), hook("PostToolUse", "true")]
with open(told, "w") as file:
    json.dump({"status": status, "answers": answers, "run": os.environ["LICTOR_RUN"]}, file)
"""


def seen_on_terminal(command, environment, seconds=90):
    """Run a command on a terminal; what a person sees there, and its exit status."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(command[0], command, environment)
    seen, deadline = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:  # EIO: nobody has the terminal open any more
                    break
        else:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(master)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return seen.decode(), status


@pytest.mark.kernel
def test_a_denied_read_is_told_on_the_terminal_and_to_the_agent_once(tmp_path):
    secret, policy, told, runtime = (tmp_path / name for name in ("secret", "house.yaml", "told", "runtime"))
    secret.write_text("the secret\n")
    policy.write_text(POLICY.format(secret=secret))
    (tmp_path / "agent.py").write_text(AGENT)
    command = [
        sys.executable, "-c", "from lictor.cli.app import main; main()", "run", "--quiet", "--lake", str(tmp_path / "lake"),
        "--policy", str(policy), "--", sys.executable, str(tmp_path / "agent.py"), str(secret), str(told),
    ]  # fmt: skip
    environment = {**os.environ, "LICTOR_RUNTIME": str(runtime), "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    seen, status = seen_on_terminal(command, environment)
    assert status == 0, seen
    found = json.loads(told.read_text())
    assert found["status"] == 128 + signal.SIGKILL
    assert "the secret" not in (tmp_path / "told.out").read_text()
    line = f"lictor: denied: file.read {secret} (rule keys: Keys are private. Ask the broker.)"
    assert [text for text in re.split(r"[\r\n]+", seen) if "denied" in text] == [line]
    before, after, later = found["answers"]
    assert (before, later) == ("", "")
    assert json.loads(after)["hookSpecificOutput"] == {
        "hookEventName": "PostToolUseFailure",
        "additionalContext": f"Lictor stopped this: file.read {secret} (rule keys). Keys are private. "
        "Instead: Ask the broker.\nDo not try the same by another way.",
    }
    assert not (runtime / "runs" / found["run"]).exists()
