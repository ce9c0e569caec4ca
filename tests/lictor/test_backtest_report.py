from __future__ import annotations

import pytest

from lictor import backtest_report
from lictor.backtest_report import effect_table, object_of, summary, table, verdict_text
from lictor.backtesting import Backtest
from lictor.history.asked import Said
from lictor.history.runs import Run
from lictor.history.sums import Sum
from pipeline.policy.context import RunContext

DENY, NOTED = Said("deny", "d", "p", stops=True), Said("deny", "n", "p", stops=False)
ALLOW, AUDIT = Said("allow", None, "p", stops=False), Said("audit", "a", "p", stops=False)


def run(name, agent, user, events):
    return Run(name, RunContext("/w", "/h", {}, user, "h", agent), events, 0, 9)


def made(*sums, **more):
    runs = {
        r.id: r
        for r in (run("r1", "codex", "ann", 100), run("r2", "codex", "bob", 100), run("r3", "aider", "ann", 200))
    }
    usual = {"unknown": {}, "out_of_scope": {}, "in_order": (), "forgotten": 0}
    return Backtest(runs, sums, **(usual | more))


def one(run, said, events, went, first, was=None, stopped=0, path="/x"):
    said = said if isinstance(said, tuple) else (said,)
    return Sum(
        run, was, said, events, went, stopped, first * 1000, {"operation": "file.read", "path": path, "exe": "/cat"}
    )


FOUND = made(
    one("r1", DENY, 10, 8, 5), one("r2", DENY, 5, 0, 3), one("r3", DENY, 2, 2, 7, path="/y"), one("r1", NOTED, 4, 4, 1),
    one("r1", AUDIT, 6, 6, 1), one("r2", ALLOW, 3, 0, 9, was="kill", stopped=3),
)  # fmt: skip


def rows(by, *names, **options):
    return [tuple(r[n] for n in names) for r in table(FOUND, by, **options).to_pylist()]


def test_by_rule_with_the_first_event_of_all():
    assert rows("rule", "rule", "verdict", "was", "runs", "events", "broken", "newly_allowed", "object") == [
        ("d", "deny", None, 3, 17, 10, 0, "/x"), (None, "allow", "kill", 1, 3, 0, 3, "/x"),
    ]  # fmt: skip
    [first, _] = table(FOUND, "rule")["first"].to_pylist()
    assert first.isoformat() == "1970-01-01T00:00:00.000003+00:00"


def test_what_is_only_noted_shows_when_asked_for():
    assert [r[0] for r in rows("rule", "verdict", everything=True)] == [
        "deny",
        "allow",
        "audit",
        "deny (recorded only)",
    ]


def test_by_whom_it_would_hit_with_the_share_of_all_their_events():
    assert rows("run", "run", "events", "broken", "share", "newly_allowed", "rules") == [
        ("r1", 100, 8, 0.08, 0, "d"), ("r3", 200, 2, 0.01, 0, "d"), ("r2", 100, 0, 0.0, 3, None),
    ]  # fmt: skip
    assert rows("agent", "agent", "runs", "events", "broken", "share") == [
        ("codex", 1, 200, 8, 0.04),
        ("aider", 1, 200, 2, 0.01),
    ]
    assert rows("user", "user", "runs", "broken") == [("ann", 2, 10), ("bob", 0, 0)]


def test_in_detail_each_run_and_rule_has_a_row():
    assert rows("detail", "run", "agent", "user", "rule", "broken") == [
        ("r1", "codex", "ann", "d", 8), ("r2", "codex", "bob", "d", 0), ("r3", "aider", "ann", "d", 2), ("r2", "codex", "bob", None, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("by", backtest_report.BY)
def test_nothing_is_an_empty_table_with_its_columns(by):
    assert table(made(), by).num_rows == 0
    assert "broken" in table(made(), by).schema.names


def test_a_comparison_is_by_both_verdicts():
    found = made(
        one("r1", (DENY, ALLOW), 3, 1, 5), one("r2", (DENY, ALLOW), 4, 0, 2), one("r1", (DENY, NOTED), 1, 1, 1)
    )
    assert [
        (r["old_verdict"], r["old_rule"], r["new_verdict"], r["new_rule"], r["runs"], r["events"], r["went"])
        for r in effect_table(found).to_pylist()
    ] == [("deny", "d", "allow", None, 2, 7, 1), ("deny", "d", "deny (recorded only)", "n", 1, 1, 1)]


def test_the_last_line_is_the_outcome():
    assert summary(FOUND)[-1] == (
        "of 400 events in 3 runs, 10 that went through (2.5 %) would be stopped: 2 runs, 2 agents, 1 user; "
        "3 that were stopped would go through"
    )
    assert summary(made()) == ["of 400 events in 3 runs, none that went through would be stopped"]


def test_what_limits_the_answer_is_told():
    found = made(
        unknown={"x": "its cwd is not recorded"},
        out_of_scope={"r1": ("p", "p"), "r2": ("p",)},
        in_order=("r1",),
        forgotten=2,
    )
    lines = summary(found)
    assert lines[0] == "not judged: run x: its cwd is not recorded"
    assert lines[1].startswith("policy p does not apply to 2 runs")
    assert lines[2].startswith("1 run read event by event")
    assert lines[3].startswith("2 things were forgotten")


@pytest.mark.parametrize(
    ("example", "shown"),
    [
        ({"operation": "file.rename", "path": "/a", "path_to": "/b"}, "/a → /b"),
        ({"operation": "exec", "path": "/bin/x", "cmdline": "x -f"}, "x -f"), ({"operation": "exec"}, None),
        ({"operation": "net.connect", "ip": "1.2.3.4", "port": 443}, "1.2.3.4:443"),
        ({"operation": "net.connect", "ip": "::1", "port": 443}, "[::1]:443"),
        ({"operation": "net.connect", "ip": "1.2.3.4", "dst_name": "example.com", "port": 1}, "example.com:1"),
        ({"operation": "net.connect", "protocol": "unix"}, "unix"), ({"operation": "net.bind", "ip": "::"}, "::"),
    ],
)  # fmt: skip
def test_the_object_of_an_event(example, shown):
    assert object_of(example) == shown


def test_a_verdict_says_when_it_only_records():
    assert [verdict_text(s) for s in (DENY, NOTED, ALLOW, AUDIT, Said(None, None, None, stops=False))] == [
        "deny", "deny (recorded only)", "allow", "audit", "allow",
    ]  # fmt: skip
