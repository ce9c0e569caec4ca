"""Lakes of made-up runs, in which everything that a rule may look at happens now and then."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from pipeline.policy.load import load_policy

BEGIN = 1_790_000_000_000_000_000
WORKSPACES = ("/home/ann/shop", "/home/bob/shop")

POLICY = """
lictor: 1
name: old
labels: { secret: ["**/secret.txt"] }
defaults: { file.write: deny, network: deny }
rules:
  - { id: workspace, on: file.write, match: { path: "${workspace}/**" }, action: allow }
  - { id: keys, on: file.read, match: { label: credential }, unless: { exe: /usr/bin/ssh }, action: deny }
  - { id: notes, on: file.read, match: { path: "**/notes" }, action: deny, mode: audit }
  - { id: web, on: network, match: { port: 443 }, action: allow }
  - { id: force, on: exec, match: { argv: "*--force*" }, action: ask }
  - { id: ann, on: file.delete, match: { user: ann, parent: "**/bash" }, action: kill }
  - { id: listens, on: net.bind, match: { port: "1-1023" }, action: deny }
  - id: read-then-send
    sequence:
      - { on: file.read, match: { path: "**/notes" } }
      - { not: true, on: exec, match: { exe: "**/approve" } }
      - { on: net.connect, match: { net: external } }
    within: 40s
    action: isolate
  - { id: leak, on: net.connect, match: { taint: secret, net: external }, action: freeze }
  - { id: flood, on: file.delete, match: { rate: 3/20s }, action: quarantine }
"""


def policy(text: str = POLICY):
    return load_policy(text, "p.yaml")


def rows_of(rng: random.Random, run: str, agent: str, user: str, workspace: str, count: int):
    """Rows of one run, in order of time, some of them at the same moment."""
    at, found = BEGIN + rng.randrange(10**9), []
    paths = [
        f"{workspace}/a",
        f"{workspace}/b/notes",
        f"{workspace}/secret.txt",
        "/etc/x",
        f"/home/{user}/.ssh/id_rsa",
        "/tmp/t",
        None,
    ]
    for seq in range(count):
        at += rng.choice((0, 1, 5_000_000_000))
        operation = rng.choice(
            ("file.read", "file.read", "file.write", "file.create", "file.rename", "file.delete", "exec", "fork", "exit",
             "net.connect", "net.connect", "net.bind")
        )  # fmt: skip
        row = {
            "time": at // 1000, "time_ns": at, "cpu": 0, "seq": seq, "host": "h", "boot_id": "b", "source": "test", "agent_run": run,
            "agent": agent, "user": user, "uid": 1000, "class": schema.OPERATION_BY_NAME[operation].activity_class,
            "operation": operation, "process_key": rng.randrange(1, 4), "exe": rng.choice(("/usr/bin/ssh", "/usr/bin/cat", "/opt/approve")),
            "parent_exe": rng.choice(("/bin/bash", "/bin/sh", None)), "outcome": rng.choice(("success", "success", "failure", None)),
        }  # fmt: skip
        row["errno"] = 2 if row["outcome"] == "failure" else 0
        if operation.startswith("file."):
            row |= {"path": rng.choice(paths), "intent": rng.choice(("read", "read,write", "write,create", None))}
        if operation == "file.rename":
            row["path_to"] = rng.choice(paths)
        if operation == "exec":
            row |= {"path": row["exe"], "cmdline": rng.choice(("x --force", "x", None))}
        if operation == "fork":
            row["child_key"] = rng.randrange(1, 4)
        if operation.startswith("net."):
            end = "src" if operation == "net.bind" else "dst"
            row |= {
                f"{end}_ip": rng.choice(("8.8.8.8", "10.0.0.1", "127.0.0.1")),
                f"{end}_port": rng.choice((80, 443, 9000)),
                "protocol": "tcp",
            }
        if rng.random() < 0.2:
            row |= {
                "verdict": rng.choice(("allow", "deny", "kill")),
                "rule": "then",
                "policy": "then",
                "policy_version": "0" * 64,
            }
            if row["verdict"] != "allow" and rng.random() < 0.5:
                row |= {"action": row["verdict"], "enforcement": rng.choice(("confirmed", "failed", None))}
        found.append(row)
    return found


def write(folder: Path, rows, runs) -> Lake:
    with LakeWriter(folder, "h") as writer:
        if rows:
            writer.append("activity", pa.Table.from_pylist(rows, schema=schema.lake_schema("activity")))
        if runs:
            writer.append("runs", pa.Table.from_pylist(runs, schema=schema.lake_schema("runs")))
    return Lake(folder)


def run_row(run: str, agent: str, user: str, workspace: str, **more):
    return {
        "run": run, "state": "ended", "time": BEGIN // 1000, "started": BEGIN // 1000, "ended": BEGIN // 1000 + 10**9, "host": "h",
        "agent": agent, "user": user, "cwd": workspace, **more,
    }  # fmt: skip


def made_lake(folder: Path, seed: int, count: int = 150) -> Lake:
    rng = random.Random(seed)
    who = [
        ("r1", "codex", "ann", WORKSPACES[0]),
        ("r2", "codex", "ann", WORKSPACES[0]),
        ("r3", "aider", "bob", WORKSPACES[1]),
    ]
    rows = [row for one in who for row in rows_of(rng, *one, count)]
    return write(folder, rows, [run_row(*one) for one in who])


class History:
    """Makes lakes and policies."""

    begin, text = BEGIN, POLICY
    policy = staticmethod(policy)
    row = staticmethod(run_row)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lake(self, seed: int = 0, count: int = 150) -> Lake:
        return made_lake(self._folder / "lake", seed, count)

    def write(self, rows, runs) -> Lake:
        return write(self._folder / "lake", rows, runs)


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)
