"""The script's beginning: a hook ends as it does by the command line, and everything else is the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

POLICY = "lictor: 1\nname: p\nrules:\n  - { id: keys, on: file.read, match: { path: /srv/keys/** }, action: deny }\n"
CALL = {"hook_event_name": "PreToolUse", "cwd": "/", "tool_name": "Read", "tool_input": {"file_path": "/srv/keys/a"}}


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(POLICY)
    return file


def started(
    module: str, *arguments: object, given: bytes = b"", stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", f"from lictor.cli.{module} import main; main()", *map(str, arguments)]
    return subprocess.run(command, input=given, stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=60)


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        (json.dumps(CALL).encode(), []),
        (json.dumps(CALL | {"tool_input": {"file_path": "/x"}}).encode(), ["--may-allow"]),
        (json.dumps(CALL | {"hook_event_name": "PostToolUse"}).encode(), ["--fail-closed"]),
        (b"no json", []),
        (b"no json", ["--fail-closed"]),
        (b"", ["--nosuch"]),
        (b"", ["--help"]),
        (b"", ["--policy"]),
    ],
)
def test_a_hook_ends_as_by_the_command_line(policy, given, arguments):
    short, full = (started(module, "hook", "--policy", policy, *arguments, given=given) for module in ("entry", "app"))
    assert (short.returncode, short.stdout, short.stderr) == (full.returncode, full.stdout, full.stderr)


@pytest.mark.parametrize("arguments", [["--version"], ["policy", "check", "/nonexistent"], ["nosuch"], []])
def test_everything_else_is_the_command_line(arguments):
    short, full = (started(module, *arguments) for module in ("entry", "app"))
    assert (short.returncode, short.stdout, short.stderr) == (full.returncode, full.stdout, full.stderr)


def test_a_reader_that_went_away_is_141(policy):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = started("entry", "hook", "--policy", policy, given=json.dumps(CALL).encode(), stdout=writer)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_large_answer_is_written_whole(policy):
    call = CALL | {"tool_name": "Bash", "tool_input": {"command": "cat < /srv/keys/" + "x" * 200}}
    ended = started("entry", "hook", "--policy", policy, given=json.dumps(call).encode())
    assert json.loads(ended.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_it_loads_nothing_before_it_knows_the_command():
    code = "import sys, lictor.cli.entry; print({'typer', 'pydantic', 'numpy', 'json'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, check=True).stdout == b"set()\n"
