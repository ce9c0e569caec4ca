"""The command as agents start it: a process with JSON on standard input."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from lictor.cli.hook import hook

RUN = "import typer; from lictor.cli.hook import hook; a = typer.Typer(add_completion=False); a.command()(hook); a()"
POLICY = """\
lictor: 1
name: p
rules:
  - { id: keys, on: file.read, match: { path: /srv/keys/** }, action: deny, because: Keys. }
"""


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(POLICY)
    return file


def started(*arguments: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)


def call(path: str, event: str = "PreToolUse", **more: object) -> bytes:
    data = {"hook_event_name": event, "cwd": "/", "tool_name": "Read", "tool_input": {"file_path": path}, **more}
    return json.dumps(data).encode()


def test_a_denied_tool_is_answered_on_standard_output(policy):
    ended = started("--policy", policy, given=call("/srv/keys/a"))
    assert (ended.returncode, ended.stderr) == (0, b"")
    said = json.loads(ended.stdout)["hookSpecificOutput"]
    assert said["permissionDecision"] == "deny"
    assert "Keys." in said["permissionDecisionReason"]


def test_a_permitted_tool_is_answered_by_nothing(policy):
    ended = started("--policy", policy, given=call("/srv/other"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_the_protocol_can_be_named(policy):
    ended = started("--policy", policy, "--protocol", "gemini", given=call("/srv/keys/a", "BeforeTool"))
    assert json.loads(ended.stdout)["decision"] == "deny"


@pytest.mark.parametrize(("more", "status"), [([], 1), (["--fail-closed"], 2)])
def test_a_failure_is_told_on_standard_error_only(policy, more, status):
    for given, arguments in (
        (b"no json", ["--policy", policy]),
        (call("/x"), ["--policy", "/nonexistent"]),
        (call("/x"), ["--policy", policy, "--protocol", "odd"]),
    ):
        ended = started(*arguments, *more, given=given)
        assert (ended.returncode, ended.stdout) == (status, b"")
        assert ended.stderr.startswith(b"lictor hook: ")
        assert b"Traceback" not in ended.stderr


def test_events_that_pass_load_no_policy_language(policy):
    code = f"import sys\nfrom lictor.hooks.respond import *\nrespond({call('/x', 'PostToolUse')!r}, Options([]))\nprint('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


def test_the_command_is_documented():
    assert typer.main.get_command(_app()).help.count("\n\n") >= 2


def _app() -> typer.Typer:
    app = typer.Typer()
    app.command()(hook)
    return app
