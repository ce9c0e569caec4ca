from __future__ import annotations

import random

import pytest

from lictor.backtesting import Asking, backtest
from lictor.errors import LictorError
from lictor.history.runs import Selection
from lictor.suggesting import Suggesting, suggest
from pipeline.policy.analysis.suggest import Wishes
from pipeline.policy.analysis.suggest_facts import GOVERNABLE
from pipeline.policy.compile import RunContext
from pipeline.policy.load import load_policy
from pipeline.policy.testing import run_tests
from tests.lictor.history.conftest import History

CONTEXT = RunContext("/home/zoe/elsewhere", "/home/zoe", {}, "zoe", "h", "codex")


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


def busy(rng, run, user, at):
    """Things that a run did: much in common, some of its own, some that no policy should open."""
    home, own = f"/home/{user}", f"{rng.randrange(16**8):08x}"
    workspace = f"{home}/shop"
    files = [
        (workspace + "/src/a", 5), (f"{workspace}/out/{own}", 3), (f"{home}/.cache/pip/{own}/x", 4), (f"/tmp/tmp{own}A/y", 4),
        (f"{home}/.bashrc", 1), (f"{home}/.config/tool/state", 4), (f"/proc/{rng.randrange(100, 9999)}/oom_score_adj", 3), (None, 1),
        (f"/opt/odd/{run}", 1 if run == "r3" else 0), (f"{home}/.aws/credentials", 1), (f"{workspace}/.mcp.json", 1), ("/dev/null", 5),
        ("/etc/we{i}rd[x]$HOME", 2), ("/var/lib/app/1.2.3/db", 3),
    ]  # fmt: skip
    rows = []
    for path, weight in files:
        for _ in range(rng.randrange(weight + 1) if run != "r0" else weight):
            operation = rng.choice(
                (
                    "file.write",
                    "file.create",
                    "file.read",
                    "file.rename",
                    "file.delete",
                    "file.mkdir",
                    "file.symlink",
                    "file.chmod",
                )
            )
            row = {"operation": operation, "path": path, "intent": rng.choice((None, "read", "read,write"))}
            if operation in ("file.rename", "file.symlink"):
                row["path_to"] = rng.choice(files)[0]
            rows.append(row)
    for _ in range(8):
        exe = rng.choice(("/usr/bin/git", "/usr/bin/node", f"{workspace}/run", f"{home}/.npm/_npx/{own}/bin"))
        rows.append(
            {
                "operation": "exec",
                "exe": exe,
                "path": rng.choice((exe, None)),
                "script": rng.choice((None, f"{home}/.bashrc")),
            }
        )
        port = rng.choice((443, 53, rng.randrange(33000, 60000)))
        rows.append({"operation": rng.choice(("net.connect", "net.send")), "protocol": rng.choice(("tcp", "udp", "unix")), "dst_port": port,
                     "dst_ip": rng.choice(("140.82.121.4", "127.0.0.1", "::1", "2001:db8::7", None)), "dst_name": rng.choice((None, None, "api.example.com"))})  # fmt: skip
    usual = {"agent_run": run, "user": user, "outcome": "success", "process_key": 1}
    return [
        usual
        | {"time_ns": at + i, "time": (at + i) // 1000}
        | row
        | ({"outcome": "failure"} if rng.random() < 0.1 else {})
        for i, row in enumerate(rows)
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("governed", [("file.write", "network"), GOVERNABLE])
def test_a_suggestion_stops_nothing_of_what_it_learned_from_but_what_it_left_out(history, seed, governed):
    rng = random.Random(seed)
    rows = [row for i in range(5) for row in busy(rng, f"r{i}", ("ann", "bob")[i % 2], history.begin)]
    lake = history.write(
        rows,
        [history.row(f"r{i}", "codex", ("ann", "bob")[i % 2], f"/home/{('ann', 'bob')[i % 2]}/shop") for i in range(5)],
    )
    found = suggest(lake, wanted=Suggesting(Wishes(governed, 0.6)))
    policy = load_policy(found.text, "suggested.yaml")
    assert all(t.passed for t in run_tests(policy, CONTEXT)), [
        t.text for t in run_tests(policy, CONTEXT) if not t.passed
    ]
    assert policy.tests
    left = {(one.selector, one.what) for one in found.left}
    assert left
    tested = backtest(lake, [policy])
    stopped = sum(s.went for s in tested.sums if s.said[0].stops)
    assert 0 < stopped <= sum(one.events for one in found.left)
    every = Suggesting(Wishes(governed, 0.0))  # nothing is noise
    known = suggest(lake, wanted=every)
    assert {one.outcome for one in known.left if one.what != "(no name is known)"} <= {"refused"}
    again = backtest(lake, [load_policy(known.text, "all.yaml")])
    by_label = {s.said[0].rule for s in again.sums if s.said[0].stops and s.went}
    assert by_label <= {
        "sensitive-files",
        "secrets",
        *(f"default:{one.selector}" for one in known.left if one.what == "(no name is known)"),
    }


def test_nothing_is_learned_from_runs_with_a_blemish(history):
    runs = {
        "clean": {}, "denied": {}, "lossy": {"lost": 3}, "going": {"state": "started"}, "asked": {},
        "stopped": {}, "odd": {"cwd": None},
    }  # fmt: skip
    more = {"denied": {"verdict": "deny"}, "asked": {"verdict": "ask"}, "stopped": {"outcome": "denied"}}
    rows = [
        {"agent_run": run, "time_ns": history.begin, "operation": "file.write", "path": f"/data/x/{run}", "outcome": "success"} | more.get(run, {})
        for run in runs
    ]  # fmt: skip
    lake = history.write(rows, [history.row(run, "codex", "ann", "/w") | changed for run, changed in runs.items()])
    found = suggest(lake, wanted=Suggesting(min_runs=1))
    assert found.runs == ("clean",)
    assert found.skipped == {
        "denied": "1 denials", "lossy": "3 events lost", "going": "it has not ended", "asked": "1 denials", "stopped": "1 denials",
        "odd": "its cwd is not recorded",
    }  # fmt: skip
    assert [r.what for r in found.reasons] == ["/data/x/clean"]


def test_findings_and_gaps_are_blemishes_too(history, tmp_path):
    import pyarrow as pa  # noqa: PLC0415

    from pipeline import schema  # noqa: PLC0415
    from pipeline.lake.writer import LakeWriter  # noqa: PLC0415

    rows = [
        {"agent_run": r, "time_ns": history.begin, "operation": "file.write", "path": "/data/x", "outcome": "success"}
        for r in ("a", "b")
    ]
    away = history.begin // 1000 + 10**12
    lake = history.write(
        rows,
        [history.row("a", "codex", "ann", "/w"), history.row("b", "codex", "ann", "/w", started=away, ended=away + 9)],
    )
    with LakeWriter(lake.root, "h") as writer:
        writer.append(
            "findings", pa.Table.from_pylist([{"id": "f", "agent_run": "a"}], schema=schema.lake_schema("findings"))
        )
        writer.append("coverage", pa.Table.from_pylist(
            [{"host": "h", "reason": "ring_full", "lost": 5, "since": away + 1, "until": away + 2}, {"host": "h", "reason": "none", "lost": 0, "since": 1, "until": away}],
            schema=schema.lake_schema("coverage"),
        ))  # fmt: skip
    with pytest.raises(LictorError, match=r"0 runs are fit .* a: 1 findings; b: 1 gaps in what was recorded"):
        suggest(lake)


def test_origin_names_the_runs_and_the_scope_the_agents(history):
    rows = [
        {"agent_run": r, "time_ns": history.begin, "operation": "file.write", "path": "/w/x", "outcome": "success"}
        for r in ("r1", "r2", "r3")
    ]
    lake = history.write(
        rows, [history.row(r, agent, "ann", "/w") for r, agent in (("r1", "codex"), ("r2", "codex"), ("r3", "aider"))]
    )
    found = suggest(lake, Asking(Selection(agents=("codex",))), Suggesting(min_runs=2))
    assert found.document["scope"] == {"agents": ["codex"]}
    assert found.document["rules"][-1]["origin"] == "suggest: stability 1.00; runs r1, r2"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Suggesting(Wishes(min_stability=1.5)), "a share from 0 to 1"),
        (Suggesting(Wishes(("fork",))), "'fork' cannot be governed"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused_before_anything_is_asked(history, wanted, error):
    with pytest.raises(LictorError, match=error):
        suggest(history.lake(count=1), wanted=wanted)
