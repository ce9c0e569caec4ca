"""The short way understands what the command line does, and leaves to it what is not plainly right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from lictor.cli.hook import hook
from lictor.hooks.quick import FLAGS, VALUES, options_of
from lictor.hooks.respond import Options


def test_it_knows_the_options_that_the_command_line_has():
    made = typer.Typer(add_completion=False)
    made.command()(hook)
    parameters = [p for p in typer.main.get_command(made).params if p.name != "help"]
    flags = {option: p.name for p in parameters if p.is_flag for option in p.opts}
    values = {option: p.name for p in parameters if not p.is_flag for option in p.opts}
    assert flags == FLAGS
    assert {option: {"policy": "policies"}.get(name, name) for option, name in values.items()} == VALUES


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], Options([])),
        (["--policy", "a", "--policy=b"], Options([Path("a"), Path("b")])),
        (["--protocol", "codex", "--workspace=/w"], Options([], "codex", Path("/w"))),
        (["--may-allow", "--fail-closed"], Options([], fail_closed=True, may_allow=True)),
        (["--workspace", "--may-allow"], Options([], workspace=Path("--may-allow"))),
        (["--policy="], Options([Path()])),
    ],
)
def test_plain_command_lines(arguments, options):
    assert options_of(arguments) == options


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--nosuch"], ["x"], ["--policy"], ["--policy", "a", "--protocol"], ["--may-allow=1"], ["--pol", "a"], ["-h"], ["--"], [""]],
)  # fmt: skip
def test_what_is_not_plainly_right_is_left_to_the_command_line(arguments):
    assert options_of(arguments) is None


POLICY = "lictor: 1\nname: p\nrules:\n  - { id: keys, on: file.read, match: { path: /srv/keys/** }, action: deny }\n"
SERVE = "import sys\nfrom lictor.hooks.quick import options_of, serve\nstatus = serve(options_of(sys.argv[1:]))\n"


def test_it_answers_without_the_command_lines_libraries_and_numpys_threads(tmp_path):
    policy = tmp_path / "p.yaml"
    policy.write_text(POLICY)
    call = {
        "hook_event_name": "PreToolUse",
        "cwd": "/",
        "tool_name": "Read",
        "tool_input": {"file_path": "/srv/keys/a"},
    }
    look = (
        "import os\nnames = [open(f'/proc/self/task/{t}/comm').read() for t in os.listdir('/proc/self/task')]\n"
        "print(status, 'typer' in sys.modules, 'numpy' in sys.modules, names.count(names[0]))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", SERVE + look, "--policy", str(policy)]
    ended = subprocess.run(command, input=json.dumps(call).encode(), env=environment, capture_output=True, check=True)
    said, seen = ended.stdout.splitlines()
    assert json.loads(said)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert seen == b"0 False True 1"


def test_a_failure_is_told_on_standard_error():
    ended = subprocess.run(
        [sys.executable, "-c", SERVE + "sys.exit(status)"], input=b"{", capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.startswith(b"lictor hook: ")
