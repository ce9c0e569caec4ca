"""Rows of one made-up log: activity as an agent at work leaves it, and the rows of the other tables that go with it.

Shares of operations, zipf-like paths and a few hundred rules are set so that tables compress and group about as
recorded traces do; the texts themselves are numbered names. Columns are drawn as whole arrays from dictionaries that
all logs share.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pyarrow as pa

from pipeline import schema

AGENTS = ("claude-code", "codex", "gemini-cli", "copilot-cli", "opencode", "aider")
USERS = ("ana", "bo", "chen", "dara", "build", "root")
_OPERATIONS = (
    ("file.read", 0.55), ("file.write", 0.10), ("file.create", 0.04), ("file.delete", 0.02), ("file.rename", 0.01), ("file.mkdir", 0.01),
    ("file.open", 0.04), ("file.chmod", 0.01), ("fork", 0.06), ("exec", 0.05), ("exit", 0.06), ("net.connect", 0.04), ("net.send", 0.01),
)  # fmt: skip
_CLASS = {name: schema.OPERATION_BY_NAME[name].activity_class for name, _ in _OPERATIONS}
_RULES = 40
_POLICY_VERSION = "9b2f" * 16


@lru_cache(maxsize=1)
def _texts() -> dict[str, pa.Array]:
    """The dictionaries that all logs share."""
    folders = [f"/home/dev/work/project-{i % 60:02}/src/module_{i % 700:03}" for i in range(2000)]
    secrets = [
        "/home/dev/.ssh/id_ed25519",
        "/home/dev/.aws/credentials",
        "/home/dev/work/project-01/.env",
        "/etc/shadow",
    ]
    return {
        "path": pa.array(secrets + [f"{folders[i % 2000]}/file_{i:05}.py" for i in range(50_000)]),
        "exe": pa.array([f"/usr/bin/tool-{i:03}" for i in range(300)]),
        "cmdline": pa.array([f"tool-{i % 300:03} --task {i} --out /tmp/result-{i % 977}.json" for i in range(20_000)]),
        "dst_ip": pa.array([*(f"10.1.{i // 250}.{i % 250 + 1}" for i in range(1000)), *(f"93.184.{i // 250}.{i % 250 + 1}" for i in range(4000))]),
        "dst_name": pa.array([f"host-{i:04}.example.net" for i in range(800)]),
        "rule": pa.array([*(f"rule-{i:03}" for i in range(_RULES)), *(f"default:{name}" for name, _ in _OPERATIONS)]),
    }  # fmt: skip


class Rows:
    """Rows of one log: ``count`` of activity between two moments (ns since 1970) on one host."""

    def __init__(
        self, rng: np.random.Generator, host: str, number: int, hosts: int, begin: int, end: int, count: int
    ) -> None:
        self.rng, self.host, self.number, self.count = rng, host, number, count
        self.begin, self.end = begin, end
        # A few runs are at work at a time, and most go on over several logs of their host.
        turn = number // hosts
        self.runs = [f"{host}-run-{(turn * 2 + i) // 5:05}" for i in range(4)]
        self.agents = [AGENTS[hash_of(run) % len(AGENTS)] for run in self.runs]
        self.users = [USERS[hash_of(run + "u") % len(USERS)] for run in self.runs]

    def activity(self) -> pa.RecordBatch:
        """Activity in the order of time, some rows of it late."""
        rng, n = self.rng, self.count
        names = [name for name, _ in _OPERATIONS]
        operation = rng.choice(len(names), n, p=[share for _, share in _OPERATIONS])
        kind = np.array([_CLASS[name] for name in names])[operation]
        time_ns = np.sort(rng.integers(self.begin, self.end, n))
        late = rng.random(n) < 0.001
        time_ns[late] -= rng.integers(1, 600_000_000_000, late.sum())
        run = np.sort(rng.integers(0, len(self.runs), n)) if n < 10 else rng.integers(0, len(self.runs), n)
        denied, file, network = rng.random(n) < 0.003, kind == "file", kind == "network"
        rule = np.where(denied, rng.integers(0, _RULES, n), _RULES + operation)
        place = np.minimum(rng.zipf(1.3, n), 50_003) - 1
        seq = self.number * 10_000_000 + np.arange(n)
        key = run * 100_000 + rng.integers(0, 300, n) + self.number % 1000 * 1_000_000
        success = ~denied & (rng.random(n) > 0.08)
        columns = {
            "time": pa.array(time_ns // 1000, schema.TIME), "time_ns": pa.array(time_ns), "boottime_ns": pa.array(time_ns - self.begin + 10**12),
            "host": _same(self.host, n), "boot_id": _same(f"boot-{self.host}", n), "source": _same("ebpf", n),
            "cpu": pa.array((np.arange(n) % 8).astype(np.int32)), "seq": pa.array(seq),
            "class": _of(kind), "operation": _coded(operation, names),
            "intent": _coded(np.zeros(n, int), ["read"], ~file),
            "outcome": _coded(np.where(denied, 2, np.where(success, 0, 1)), ["success", "failure", "denied"]),
            "errno": pa.array(np.where(success, 0, np.where(denied, 13, 2)).astype(np.int32)),
            "agent": _coded(run, self.agents), "agent_version": _same("2.1.0", n), "agent_run": _coded(run, self.runs),
            "initiator": _same("agent", n), "user": _coded(run, self.users), "uid": pa.array(1000 + run),
            "process_key": pa.array(key), "pid": pa.array((key % 32_768).astype(np.int32)), "tid": pa.array((key % 32_768).astype(np.int32)),
            "parent_key": pa.array(key - rng.integers(1, 20, n)),
            "child_key": pa.array(key + 1, mask=operation != names.index("fork")),
            "exe": _taken("exe", place % 300), "cmdline": _taken("cmdline", place % 20_000, kind != "process"),
            "cwd": _same("/home/dev/work", n), "path": _taken("path", place, network),
            "dev": pa.array(np.full(n, 66_304), mask=~file), "ino": pa.array(place * 7 + 11, mask=~file),
            "bytes": pa.array(rng.integers(1, 100_000, n), mask=~network),
            "labels": _coded(np.zeros(n, int), ["secret"], (place >= 4) | ~file),
            "protocol": _coded(np.zeros(n, int), ["tcp"], ~network),
            "dst_ip": _taken("dst_ip", place % 5000, ~network), "dst_port": pa.array(np.full(n, 443, np.int32), mask=~network),
            "dst_name": _taken("dst_name", place % 800, ~network | (place % 3 == 0)),
            "tool_call": _of(np.char.add(f"call-{self.number}-", (np.arange(n) // 400).astype(str))),
            "verdict": _coded(denied.astype(int), ["allow", "deny"]), "rule": _taken("rule", rule), "policy": _same("workstation", n),
            "policy_version": _same(_POLICY_VERSION, n),
            "severity": _coded(rule % 5, list(schema.SEVERITIES), ~denied), "action": _coded(np.zeros(n, int), ["deny"], ~denied),
            "enforced_at": _coded(np.zeros(n, int), ["kernel"], ~denied), "enforcement": _coded((rule % 9 == 0).astype(int), ["confirmed", "unverified"], ~denied),
            "quality": _coded(np.zeros(n, int), ["late"], ~late),
        }  # fmt: skip
        return schema.batch("activity", columns)

    def others(self) -> Iterator[tuple[str, pa.Table]]:
        """Rows of the other tables."""
        for table, found in (
            ("runs", self._runs()), ("processes", self._processes()), ("coverage", self._coverage()),
            ("findings", self._findings()), ("actions", self._actions()),
        ):  # fmt: skip
            if found:
                wanted = [c.name for c in schema.TABLES[table] if c.name in found[0]]
                kinds = pa.schema([pa.field(n, schema.lake_type(table, n)) for n in wanted])
                yield table, pa.Table.from_pylist(found, schema=kinds)

    def _at(self, share: float) -> int:
        return int(self.begin + (self.end - self.begin) * share) // 1000

    def _runs(self) -> list[dict[str, object]]:
        return [
            {"run": run, "state": "started", "time": self._at(0), "started": self._at(0), "host": self.host, "agent": agent,
             "boot_id": f"boot-{self.host}", "command": agent, "cwd": "/home/dev/work", "user": user, "policy": "workstation", "mode": "enforce"}
            for run, agent, user in dict.fromkeys(zip(self.runs, self.agents, self.users, strict=True))
        ]  # fmt: skip

    def _processes(self) -> list[dict[str, object]]:
        return [
            {"process_key": self.number % 1000 * 1_000_000 + i, "time": self._at(i / 100), "host": self.host, "boot_id": f"boot-{self.host}",
             "agent_run": self.runs[i % len(self.runs)], "pid": i, "exe": f"/usr/bin/tool-{i:03}", "cmdline": f"tool-{i:03}"}
            for i in range(100)
        ]  # fmt: skip

    def _coverage(self) -> list[dict[str, object]]:
        lost = 5 if self.number % 50 == 0 else 0
        return [
            {"host": self.host, "boot_id": f"boot-{self.host}", "source": "ebpf", "cpu": 0, "class": "file", "reason": "ring_full" if lost else "none",
             "since": self._at(0), "until": self._at(1), "emitted": self.count + lost, "delivered": self.count, "lost": lost}
        ]  # fmt: skip

    def _findings(self) -> list[dict[str, object]]:
        evidence = [
            {
                "boot_id": f"boot-{self.host}",
                "source": "ebpf",
                "cpu": 0,
                "class": "file",
                "seq": self.number * 10_000_000,
            }
        ]
        return [
            {"id": f"f-{self.number}", "time": self._at(0.5), "host": self.host, "agent_run": self.runs[0], "rule": "credential_file_read",
             "severity": schema.SEVERITIES[self.number % 5], "title": "Credential file read", "attack": "T1552.001", "evidence": json.dumps(evidence)}
        ] if self.number % 3 == 0 else []  # fmt: skip

    def _actions(self) -> list[dict[str, object]]:
        base = {"id": f"a-{self.number}", "action": "deny", "host": self.host, "agent_run": self.runs[0], "rule": "rule-001",
                "policy": "workstation", "enforced_at": "kernel", "actor": "policy", "object": "/home/dev/.ssh/id_ed25519"}  # fmt: skip
        result = {
            "phase": "result",
            "time": self._at(0.5) + 900,
            "enforcement": "confirmed",
            "evidence": "the call returned EACCES",
        }
        return [base | {"phase": "intent", "time": self._at(0.5)}, base | result]


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    return int.from_bytes(text.encode()[-3:]) * 2_654_435_761 % 2**32


def _coded(codes: np.ndarray, names: list[str], absent: np.ndarray | None = None) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=absent), pa.array(names, pa.string()))


def _taken(name: str, codes: np.ndarray, absent: np.ndarray | None = None) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=absent), _texts()[name])


def _same(text: str, count: int) -> pa.DictionaryArray:
    return _coded(np.zeros(count, int), [text])


def _of(texts: np.ndarray) -> pa.DictionaryArray:
    return pa.array(texts.tolist(), pa.string()).dictionary_encode()
