from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from lictor.backtesting import Asking, backtest, broken, effect_of, newly_allowed
from lictor.errors import LictorError
from lictor.history import chunks, order
from lictor.history.asking import Window
from lictor.history.runs import Selection
from pipeline import schema
from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import compile_policies
from pipeline.steps.verdicts import Verdicts
from tests.lictor.history.conftest import History

OTHER = """
lictor: 1
name: new
defaults: { file.write: allow, network: deny }
rules:
  - { id: keys, on: [file.read, file.write], match: { label: credential }, action: kill }
  - { id: sends, sequence: [{ on: file.read, match: { path: "**/notes" } }, { on: net.connect, count: 2 }], within: 30s, by: process, action: deny }
"""


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


def judged_rows(lake, runs, policies):
    """Each row with (verdict, rule, policy), by judging row after row as a live run does."""
    rows = lake.query("SELECT * FROM activity ORDER BY agent_run, time_ns, seq").to_pylist()
    versions, judged = (
        {p.version for p in policies},
        dict.fromkeys(("verdict", "rule", "policy", "policy_version", "severity")),
    )
    for run in runs.values():
        own = [r for r in rows if r["agent_run"] == run.id]
        given = [r if r["policy_version"] in versions else r | judged for r in own]
        made = Verdicts(compile_policies(policies, run.context, mode="audit"), lambda _: None)(batch(given))
        yield from zip(
            own, zip(*(made[c].to_pylist() for c in ("verdict", "rule", "policy")), strict=True), strict=True
        )


def row_by_row(lake, runs, policies):
    """(run, was, verdict, rule, policy) → [events, went, stopped, first]."""
    found = {}
    for row, said in judged_rows(lake, runs, policies):
        count_in(found, (row["agent_run"], row["verdict"], *said), row)
    return found


def count_in(found, key, row):
    failed = row["enforcement"] == "failed"
    stopped = row["outcome"] == "denied" or (row["action"] is not None and not failed)
    went = row["outcome"] in ("success", None) and (row["action"] is None or failed)
    entry = found.setdefault(key, [0, 0, 0, row["time_ns"]])
    entry[0] += 1
    entry[1] += went
    entry[2] += stopped


def batch(rows):
    table = pa.Table.from_pylist(rows, schema=schema.lake_schema("activity"))
    columns = {n: table[n].combine_chunks() for n in table.schema.names}
    return schema.batch("activity", {
        n: c.dictionary_encode() if pa.types.is_string(c.type) else c for n, c in columns.items() if c.null_count < len(c)
    })  # fmt: skip


def summed(found):
    return {
        (s.run, s.was, s.said[0].verdict, s.said[0].rule, s.said[0].policy): [s.events, s.went, s.stopped, s.first_ns]
        for s in found.sums
    }


def worth(truth):
    return {k: v for k, v in truth.items() if k[1] in STOPPING or k[2] not in (None, "allow")}


@pytest.mark.parametrize("seed", range(9))
def test_counts_are_those_of_judging_every_row(history, monkeypatch, seed):
    lake, policies = history.lake(seed), [history.policy()]
    if seed % 3 == 1:  # many small answers and pages, also parts of a run
        monkeypatch.setattr(chunks, "CHUNK_EVENTS", 100)
        monkeypatch.setattr(order, "PAGE_ROWS", 40)
    if seed % 3 == 2:
        policies = [replace(p, mode="enforce") for p in (history.policy(), history.policy(OTHER))]
    found = backtest(lake, policies)
    truth = row_by_row(lake, found.runs, policies)
    assert summed(found) == worth(truth)
    assert found.events == sum(v[0] for v in truth.values()) == 450
    assert found.in_order  # what this test is about: rules with a memory took part
    assert {k[3] for k in truth} & {"read-then-send", "leak", "flood"}


def test_a_verdict_of_the_same_policy_stays_where_it_is_the_stronger(history):
    policy = history.policy()
    rows = [
        {"agent_run": "r", "time_ns": history.begin + i, "time": history.begin // 1000, "operation": "file.read", "intent": "read",
         "path": "/linked", "exe": "/bin/cat", "outcome": "success", "verdict": "deny", "rule": "keys", "policy": "old",
         "policy_version": version}
        for i, version in enumerate((policy.version, "0" * 64))
    ]  # fmt: skip
    lake = history.write(rows, [history.row("r", "codex", "ann", "/w")])
    assert [(s.was, s.said[0].rule, s.events) for s in backtest(lake, [policy]).sums] == [
        ("deny", "keys", 1),
        ("deny", None, 1),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_difference_counts_each_event_whose_verdict_changes(history, seed):
    lake, old, new = history.lake(seed), [history.policy()], [history.policy(OTHER)]
    found, truth = effect_of(old, new, lake), {}
    sides = [judged_rows(lake, found.runs, policies) for policies in (old, new)]
    for (row, a), (_, b) in zip(*sides, strict=True):
        # The rule `notes` only records: a deny of its own is another thing than one that is carried out.
        if (a[0] or "allow", a[1] == "notes") != (b[0] or "allow", False):
            count_in(truth, (row["agent_run"], row["verdict"], a, b), row)
    assert {
        (s.run, s.was, *((one.verdict, one.rule, one.policy) for one in s.said)): [
            s.events, s.went, s.stopped, s.first_ns,
        ]
        for s in found.sums
    } == truth  # fmt: skip
    assert len(truth) > 20


def test_the_difference_of_a_policy_to_itself_is_nothing(history):
    assert effect_of([history.policy()], [history.policy()], history.lake()).sums == ()


def test_difference_in_full_for_a_few_rows(history):
    rows = [
        {"agent_run": "r", "time_ns": history.begin + i, "time": history.begin // 1000, "operation": "file.write", "path": path,
         "exe": "/bin/tee", "outcome": "success"}
        for i, path in enumerate(("/w/a", "/etc/x", "/etc/y", "/etc/x"))
    ]  # fmt: skip
    lake = history.write(rows, [history.row("r", "codex", "ann", "/w")])
    [found] = effect_of([history.policy()], [history.policy(OTHER)], lake).sums
    assert (found.events, found.went, found.first_ns) == (3, 3, history.begin + 1)
    assert [(s.verdict, s.rule, s.stops) for s in found.said] == [
        ("deny", "default:file.write", True),
        ("allow", "default:file.write", False),
    ]
    assert found.example["path"] == "/etc/x"


def test_what_was_stopped_and_would_pass_is_newly_allowed(history):
    rows = [
        {"agent_run": "r", "time_ns": history.begin + i, "time": history.begin // 1000, "operation": "file.read", "path": "/x",
         "outcome": "denied", "verdict": "deny", "rule": "a", "policy": "a", "policy_version": "0" * 64, "action": "deny"}
        for i in range(3)
    ]  # fmt: skip
    found = backtest(history.write(rows, [history.row("r", "codex", "ann", "/w")]), [history.policy()])
    assert (found.newly_allowed, found.broken) == (3, 0)
    assert [(newly_allowed(s), broken(s)) for s in found.sums] == [(3, 0)]


def test_rules_that_only_record_break_nobody(history):
    found = backtest(history.lake(3), [history.policy()])
    assert any(s.said[0].rule == "notes" for s in found.sums)
    assert all(not s.said[0].stops and not broken(s) for s in found.sums if s.said[0].rule == "notes")
    assert found.broken == sum(
        s.went for s in found.sums if s.said[0].verdict in STOPPING and s.said[0].rule != "notes"
    )


def test_window_and_selection(history):
    lake = history.lake()
    rows = lake.query("SELECT time_ns FROM activity WHERE agent_run = 'r3' ORDER BY time_ns").to_pylist()
    middle = rows[70]["time_ns"]
    asking = Asking(Selection(("r3",)), Window(middle, rows[120]["time_ns"]))
    found = backtest(lake, [history.policy()], asking)
    assert found.events == sum(middle <= r["time_ns"] < rows[120]["time_ns"] for r in rows)
    assert set(found.runs) == {"r3"} == {s.run for s in found.sums}
    assert set(backtest(lake, [history.policy()], Asking(Selection(agents=("cod*",)))).runs) == {"r1", "r2"}


def test_scopes_that_do_not_hold_are_told(history):
    scoped = history.policy(history.text + "scope: { agents: [codex] }\n")
    found = backtest(history.lake(), [scoped])
    assert found.out_of_scope == {"r3": ("old",)}
    assert {s.run for s in found.sums if s.said[0].verdict is not None} == {"r1", "r2"}


def test_a_run_of_which_too_little_is_known_is_told_and_left_out(history):
    rows = [{"agent_run": r, "time_ns": history.begin, "operation": "fork"} for r in ("a", "b", "c")]
    lake = history.write(rows, [history.row("a", "codex", "ann", "/w"), history.row("b", "codex", None, "/w")])
    found = backtest(lake, [history.policy()])
    assert set(found.runs) == {"a"}
    assert found.unknown == {"b": "its user is not recorded", "c": "the lake has events but no record of the run"}


def test_a_variable_without_a_value_is_an_error_that_names_the_way_out(history):
    policy = history.policy(
        "lictor: 1\nname: x\nrules: [{ id: a, on: exec, match: { path: '${TOOLS}/x' }, action: deny }]\n"
    )
    lake = history.lake()
    with pytest.raises(LictorError, match=r"TOOLS.* has no value here(?s:.)*--env NAME=VALUE"):
        backtest(lake, [policy])
    assert backtest(lake, [policy], Asking(env={"TOOLS": "/opt"})).broken == 0


def test_an_empty_history_is_an_error(history):
    with pytest.raises(LictorError, match="no run has events there"):
        backtest(history.write([], []), [history.policy()])
