"""A run as the service knows it, of a process of the test's own, and a policy that asks."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from collectors.identity import boot_id, process_key_from_proc
from lictor.context import local_context
from lictor.live import LiveRun
from pipeline.policy.compile import compile_policies
from pipeline.policy.load import load_policy

POLICY = """\
lictor: 1
name: p
holds: { limit: 5m }
rules:
  - { id: keys, on: file.read, match: { path: /srv/keys/** }, action: ask, because: "Keys are not for agents.", instead: "Ask." }
  - { id: out, on: net.connect, match: { port: 25 }, action: ask }
  - { id: never, on: file.read, match: { path: /srv/never }, action: deny }
"""


@pytest.fixture
def policies():
    return [load_policy(POLICY, "p.yaml")]


@pytest.fixture
def child():
    process = subprocess.Popen(["sleep", "60"])
    until = time.monotonic() + 5
    while Path(f"/proc/{process.pid}/cmdline").read_bytes() != b"sleep\x0060\0":  # it has a program before it has words
        assert time.monotonic() < until
        time.sleep(0.001)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def live(child, policies):
    context = local_context("codex")
    run = LiveRun(
        "run-1", 1, "codex", "codex exec", "/", "root", child.pid, process_key_from_proc(child.pid), "box", boot_id(),
        "ebpf", context=context, uid=os.getuid() + 1000,
    )  # fmt: skip
    run.program = compile_policies(policies, context)
    return run
