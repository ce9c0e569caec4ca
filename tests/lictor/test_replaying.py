"""A replay judges every row once, by the policy given and no other, and sums up runs as they were."""

import pyarrow as pa
import pytest

from lictor import replaying
from lictor.replaying import Judgement, where
from pipeline import schema


def batch(**columns: list[object]) -> pa.RecordBatch:
    return schema.batch("activity", {n: pa.array(v, schema.lake_type("activity", n)).dictionary_encode() if isinstance(v[0], str) else pa.array(v, schema.lake_type("activity", n)) for n, v in columns.items()})  # fmt: skip


def judged_as(verdict: str):
    def step(part: pa.RecordBatch) -> pa.RecordBatch:
        columns = dict(zip(part.schema.names, part.columns, strict=True))
        return schema.batch("activity", columns | {"verdict": pa.array([verdict] * part.num_rows)})

    return step


def one(**columns: list[object]) -> pa.RecordBatch:
    return batch(**{"time_ns": [5000], "class": ["file"], "operation": ["file.read"], "agent_run": ["r"], **columns})


def test_what_another_policy_said_and_did_is_taken_off():
    seen = []
    part = one(verdict=["kill"], rule=["old"], policy_version=["v0"], action=["kill"], enforced_at=["kernel"])
    replaying.replay(iter([part]), Judgement(lambda _: lambda b: seen.append(b) or b, "p", "v1", ("v1",)))
    assert not {
        n
        for n in ("verdict", "rule", "action", "enforced_at")
        if n in seen[0].schema.names and seen[0].column(n).null_count == 0
    }


def test_what_the_same_policy_said_is_kept_row_by_row():
    seen = []
    part = batch(
        time_ns=[1, 2], **{"class": ["file"] * 2}, operation=["file.read"] * 2,
        verdict=["deny", "kill"], rule=["a", "b"], policy_version=["v1", "v0"], path=["/x", "/y"],
    )  # fmt: skip
    replaying.replay(iter([part]), Judgement(lambda _: lambda b: seen.append(b) or b, "p", "v1", ("v1",)))
    assert seen[0].column("verdict").to_pylist() == ["deny", None]
    assert seen[0].column("rule").to_pylist() == ["a", None]
    assert seen[0].column("path").to_pylist() == ["/x", "/y"]


def test_without_a_policy_rows_stay_as_they_were_recorded():
    written = []
    part = one(verdict=["deny"], rule=["old"])
    outcome = replaying.replay(iter([part]), Judgement(), sink=lambda t, rows: written.append((t, rows)))
    assert written[0] == ("activity", part)
    assert outcome.runs.to_pylist()[0]["mode"] == "none"


def test_a_run_is_summed_up_over_batches():
    first = batch(
        time_ns=[1000, 2000], **{"class": ["process"] * 2}, operation=["exec", "exec"], agent_run=["r", "r"], agent=["codex"] * 2,
        process_key=[7, 8], pid=[70, 80], cmdline=["codex x", "ls"], cwd=["/w", "/w"],
    )  # fmt: skip
    last = batch(
        time_ns=[8000, 9000, 9500], **{"class": ["process"] * 3}, operation=["exit", "exit", "exit"], agent_run=["r", "r", "other"],
        process_key=[8, 7, 9], exit_code=[0, 0, 3], signal=[0, 15, 0],
    )  # fmt: skip
    progress = []
    outcome = replaying.replay(
        iter([first, last]), Judgement(lambda _: judged_as("deny"), "p", "v"), progress=progress.append
    )
    run, other = outcome.runs.to_pylist()
    assert (run["run"], run["agent"], run["command"], run["cwd"], run["root_key"], run["root_pid"]) == (
        "r",
        "codex",
        "codex x",
        "/w",
        7,
        70,
    )
    assert (run["events"], run["denied"], run["exit_code"], run["state"], run["mode"]) == (4, 4, 143, "ended", "audit")
    assert (run["started"].microsecond, run["ended"].microsecond) == (1, 9)
    assert (other["run"], other["events"], other["exit_code"]) == ("other", 1, 3)
    assert progress == [2, 3]
    assert outcome.rows == 5


def test_only_so_many_denied_rows_are_kept_but_all_are_counted(monkeypatch):
    monkeypatch.setattr(replaying, "KEPT_DENIED", 3)
    outcome = replaying.replay((one() for _ in range(5)), Judgement(lambda _: judged_as("deny"), "p", "v"))
    assert outcome.denied.num_rows == 3
    assert sum(outcome.sums.values()) == 5
    assert outcome.denied.schema == schema.lake_schema("activity")


@pytest.mark.parametrize(
    ("context", "overrides", "expected"),
    [
        ({"workspace": "/w", "home": "/h"}, {}, ("/w", "/h", ())),
        ({"workspace": "/w", "home": "/h"}, {"home": "/o", "workspace": ""}, ("/w", "/o", ())),
        ({}, {}, ("/cwd", "/home/dev", ("workspace", "home"))),
        ({"user": "root"}, {}, ("/cwd", "/root", ("workspace", "home"))),
        ({}, {"workspace": "/w"}, ("/w", "/home/dev", ("home",))),
    ],
)
def test_where_it_ran_is_given_noted_or_guessed_and_a_guess_is_named(context, overrides, expected):
    found = where(one(cwd=["/cwd"], user=["dev"]), context, overrides)
    assert (found.workspace, found.home, found.guessed) == expected


def test_an_empty_trace_has_a_place_too():
    assert where(None, {}, {}).home == "/root"
