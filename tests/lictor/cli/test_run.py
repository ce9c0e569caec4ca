"""The command line of ``lictor run``: what it takes, what it refuses before anything runs, and its exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from lictor.cli import app
from lictor.running import Options

LICTOR = (sys.executable, "-c", "from lictor.cli.app import main; main()")
VALID = "lictor: 1\nname: p\ndefaults: { exec: allow }\n"


@pytest.fixture
def taken(monkeypatch):
    """The options that a command line comes to, without running anything."""
    found = []

    def run_command(options):
        found.append(options)
        return 5

    monkeypatch.setattr("lictor.running.run_command", run_command)
    return found


def test_every_option_arrives(lictor, taken, tmp_path):
    status = lictor(
        "run", "--policy", "a.yaml", "--policy", "b.yaml", "--lake", tmp_path, "--agent", "me", "--audit", "-q", "--", "sh", "-c", "x",
    ).status  # fmt: skip
    assert status == 5
    (options,) = taken
    assert list(map(str, options.policies)) == ["a.yaml", "b.yaml"]
    assert (options.lake, options.agent, options.audit, options.quiet) == (tmp_path, "me", True, True)
    assert list(options.command) == ["sh", "-c", "x"]


def test_telemetry_comes_from_the_command_line_or_the_environment(lictor, taken, monkeypatch):
    lictor("run", "--telemetry", "http://127.0.0.1:4318", "--", "true")
    monkeypatch.setenv("LICTOR_TELEMETRY", "http://127.0.0.1:1")
    lictor("run", "--", "true")
    assert [options.telemetry for options in taken] == ["http://127.0.0.1:4318", "http://127.0.0.1:1"]


def test_a_wrong_receiver_is_told_before_anything_runs(lictor, tmp_path):
    done = lictor("run", "--telemetry", "localhost", "--lake", tmp_path / "lake", "--", "touch", tmp_path / "ran")
    assert done.status == 2
    assert done.err.startswith("--telemetry wants the address of an OTLP/HTTP receiver")
    assert list(tmp_path.iterdir()) == []


def test_by_default_nothing_is_chosen(lictor, taken):
    lictor("run", "--", "true")
    assert taken == [Options(["true"], [], None, None)]


@pytest.mark.parametrize("dashes", [("--",), ()])
def test_options_behind_the_command_are_the_commands(lictor, taken, dashes):
    lictor("run", "-q", *dashes, "codex", "--policy", "x", "--help", "-q")
    assert list(taken[0].command) == ["codex", "--policy", "x", "--help", "-q"]
    assert taken[0].policies == []


@pytest.mark.parametrize(
    "line", [("run",), ("run", "--"), ("run", "--no-such-option", "--", "true"), ("run", "--policy")]
)
def test_bad_usage_is_status_2_in_one_line(lictor, taken, line):
    done = lictor(*line)
    assert done.status == 2
    assert len(done.err.splitlines()) == 1
    assert taken == []


def test_help_has_an_example(lictor):
    done = lictor("run", "--help")
    assert done.status == 0
    assert "Example: lictor run" in done.out


def with_rule(on, match, action):
    return f"{VALID}rules:\n  - {{ id: a, on: {on}, match: {{ {match} }}, action: {action} }}\n"


REFUSED = {
    "no YAML": ("lictor: [", "policy.yaml:1"),
    "unknown key": (VALID + "rulez: []\n", "policy.yaml:4:1: "),
    "unknown action": (with_rule("exec", "path: /x", "maybe"), "policy.yaml:5"),
    "unknown variable": (with_rule("exec", 'path: "${NOT_SET_AT_ALL}/x"', "deny"), "NOT_SET_AT_ALL"),
    "too many ports": (with_rule("net.connect", f"port: {list(range(1, 67, 2))}", "deny"), "33 ranges of ports"),
}


@pytest.mark.kernel
@pytest.mark.parametrize("what", REFUSED)
def test_a_policy_that_is_refused_starts_nothing(tmp_path, what):
    text, said = REFUSED[what]
    (tmp_path / "policy.yaml").write_text(text)
    line = [*LICTOR, "run", "--lake", str(tmp_path / "lake"), "--policy", "policy.yaml", "--", "touch", "ran"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=30)
    assert done.returncode == 2
    assert not (tmp_path / "ran").exists()
    assert "Traceback" not in done.stderr
    assert said in done.stderr


@pytest.mark.parametrize("command", [("no-such-command",), ("/etc/passwd",)])
def test_a_command_that_cannot_be_run_leaves_no_lake(lictor, tmp_path, command):
    done = lictor("run", "--lake", tmp_path / "lake", "--", *command)
    assert done.status == 2
    assert command[0] in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "lake").exists()


def test_a_policy_file_that_is_not_there_is_refused(lictor, tmp_path):
    done = lictor("run", "--lake", tmp_path / "lake", "--policy", tmp_path / "gone.yaml", "--", "true")
    assert done.status == 2
    assert "gone.yaml" in done.err


@pytest.mark.kernel
@pytest.mark.parametrize(("script", "status"), [("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_exit_status_is_the_commands(lictor, tmp_path, script, status):
    done = lictor("run", "-q", "--lake", tmp_path / "lake", "--", "sh", "-c", script)
    assert (done.status, done.err) == (status, "")


@pytest.mark.kernel
def test_the_commands_streams_are_its_own(tmp_path):
    line = [*LICTOR, "run", "--lake", str(tmp_path / "lake"), "--", "sh", "-c", "cat; echo to stderr >&2"]
    done = subprocess.run(line, input="through\n", capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout == "through\n"
    said = done.stderr.splitlines()
    assert said[0] == "to stderr"
    assert all(text.startswith("lictor: ") for text in said[1:])
    assert "none lost" in done.stderr


@pytest.mark.kernel
def test_a_reader_that_goes_away_ends_the_command_as_without_lictor(tmp_path):
    line = [*LICTOR, "run", "-q", "--lake", str(tmp_path / "lake"), "--", "sh", "-c", "yes; echo $? >&2"]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child.stdout.read(10)
    child.stdout.close()
    assert child.stderr.read() == f"{128 + signal.SIGPIPE}\n"
    child.stderr.close()
    assert child.wait(20) == 0


@pytest.mark.kernel
def test_the_lake_of_the_environment_is_used(tmp_path):
    subprocess.run(
        [*LICTOR, "run", "-q", "--", "true"],
        check=True,
        env={**os.environ, "LICTOR_LAKE": str(tmp_path / "named")},
        timeout=30,
    )
    assert (tmp_path / "named").is_dir()


def test_run_is_a_command_of_this_system():
    assert any(c.name == "run" for c in app.app.registered_commands)
