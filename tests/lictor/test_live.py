"""Sums of a run while it goes on, and its rows."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pyarrow as pa
import pytest

from lictor.live import LiveRun, new_run_id
from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy

ROOT = 77


def program(mode="enforce"):
    text = "lictor: 1\nname: p\ndefaults: { file.read: deny }\n"
    return compile_policies([load_policy(text, "p.yaml")], RunContext("/w", "/h", {}, "u", "h", "a"), mode=mode)


def live(**fields):
    return LiveRun("r-1", 1, "codex", "codex exec x", "/w", "dev", 4, ROOT, "box", "boot", "ebpf", **fields)


def batch_of(*rows):
    full = [{"agent_run": "r-1", "operation": "file.read", "process_key": 5, **r} for r in rows]
    table = pa.Table.from_pylist(full, schema=schema.lake_schema("activity"))
    names = [n for n in table.schema.names if any(n in r for r in full)]
    part = table.select(names).combine_chunks().to_batches()[0]
    columns = {
        n: c.dictionary_encode() if pa.types.is_string(c.type) else c for n, c in zip(names, part.columns, strict=True)
    }
    return schema.batch("activity", columns)


def test_only_the_runs_own_rows_count():
    run = live()
    run.count(batch_of({}, {"agent_run": "other"}, {"agent_run": None}, {}))
    assert (run.events, run.denied) == (2, 0)


def test_denied_is_what_is_deny_or_stronger():
    run = live()
    run.count(batch_of(*({"verdict": v, "path": f"/{v}"} for v in [*schema.VERDICTS, None])))
    assert run.denied == len(schema.VERDICTS) - schema.VERDICTS.index("deny")
    assert {what for _, what, _ in run.denials} == {"/deny", "/freeze", "/quarantine", "/isolate", "/kill"}


def test_denials_are_summed_by_what_and_why():
    run = live()
    read = {"verdict": "deny", "path": "/k", "rule": "keys"}
    run.count(batch_of(read, read, {**read, "rule": "other"}))
    run.count(
        batch_of(
            read, {"verdict": "deny", "operation": "net.connect", "dst_ip": "192.0.2.1", "dst_port": 443, "rule": None}
        )
    )
    assert run.denials == {
        ("file.read", "/k", "keys"): 3, ("file.read", "/k", "other"): 1, ("net.connect", "192.0.2.1:443", ""): 1,
    }  # fmt: skip


def test_a_flood_of_denials_is_counted_and_not_kept():
    run = live()
    for start in range(0, 3000, 1500):
        run.count(batch_of(*({"verdict": "deny", "path": f"/{i}"} for i in range(start, start + 1500))))
    assert run.denied == 3000
    assert len(run.denials) == 20


@pytest.mark.parametrize(("exit_", "status"), [({"exit_code": 3}, 3), ({"exit_code": 0}, 0), ({"signal": 9}, 137)])
def test_the_exit_of_the_root_process_is_seen(exit_, status):
    run = live()
    other = {"operation": "exit", "process_key": 6, "exit_code": 44, "signal": None}
    run.count(batch_of(other, {"operation": "exit", "process_key": ROOT, "signal": None, "exit_code": None, **exit_}))
    assert run.exit_code == status
    run.count(batch_of(other))
    assert run.exit_code == status


@pytest.mark.parametrize(("mode", "enforce"), [("enforce", True), ("audit", False)])
def test_verdicts_are_carried_out_in_enforce_mode_only(mode, enforce):
    assert live(program=program(mode)).enforce is enforce
    assert not live().enforce


def test_rows_of_a_run():
    run = live(program=program())
    run.count(batch_of({"verdict": "deny"}, {}))
    run.lost = 3
    started, ended = run.row().to_pylist()[0], run.row(exit_code=7, ended=True).to_pylist()[0]
    assert run.row().schema == schema.lake_schema("runs")
    assert (started["state"], started["ended"], started["exit_code"]) == ("started", None, None)
    assert (ended["state"], ended["exit_code"], ended["ended"]) == ("ended", 7, ended["time"])
    assert ended["started"] == started["started"] <= started["time"] <= ended["ended"]
    assert (ended["events"], ended["denied"], ended["lost"]) == (2, 1, 3)
    assert (ended["run"], ended["agent"], ended["command"], ended["root_key"], ended["root_pid"]) == (
        "r-1",
        "codex",
        "codex exec x",
        ROOT,
        4,
    )
    assert (ended["policy"], ended["mode"], ended["cgroup"]) == ("p", "enforce", None)
    assert ended["policy_version"] == program().version
    assert live().row().to_pylist()[0]["mode"] == "none"


def test_run_ids_are_distinct_and_name_a_directory():
    made = {new_run_id() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", name) for name in made)


def test_what_the_memory_lost_is_a_row_and_nothing_is_none():
    run = live()
    assert not run.memory_loss().num_rows
    run.judge = SimpleNamespace(lost=3, withheld=0)
    assert [(r["source"], r["reason"], r["lost"]) for r in run.memory_loss().to_pylist()] == [
        ("policy", "forgotten", 3)
    ]
