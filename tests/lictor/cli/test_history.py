from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import typer
import yaml
from typer.testing import CliRunner

from lictor import backtest_report
from lictor.cli import history as commands
from lictor.errors import LictorError
from tests.lictor.history.conftest import BEGIN, POLICY, History

app = typer.Typer()
app.command("backtest")(commands.backtest)
app.command("suggest")(commands.suggest)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Three runs that each write in their folder and one file of a cache; one also writes elsewhere."""
    made = History(tmp_path_factory.mktemp("cli"))
    paths = ["/home/ann/shop/a", "/home/ann/.cache/x/{run}", "/etc/odd"]
    rows = [
        {"agent_run": run, "time": BEGIN // 1000, "time_ns": BEGIN, "operation": "file.write", "path": path.format(run=run), "outcome": "success"}
        for run in ("r1", "r2", "r3")
        for path in paths[: 3 if run == "r1" else 2]
    ]  # fmt: skip
    made.write(rows, [made.row(run, "codex", "ann", "/home/ann/shop", lost=0) for run in ("r1", "r2", "r3")])
    return made._folder / "lake"


@pytest.fixture
def run(lake):
    def made(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), "--lake", str(lake)])
        if isinstance(result.exception, LictorError):
            raise result.exception
        return SimpleNamespace(status=result.exit_code, out=result.stdout, err=result.stderr)

    return made


@pytest.fixture
def policy(tmp_path):
    (tmp_path / "p.yaml").write_text(POLICY)
    return tmp_path / "p.yaml"


def test_every_way_to_add_up_can_be_asked_for():
    assert tuple(commands.By) == backtest_report.BY


def test_what_would_be_broken_is_told_and_is_the_exit_status(run, policy):
    found = run("backtest", policy, "--format", "json")
    assert [(r["rule"], r["runs"], r["broken"]) for r in json.loads(found.out)] == [("default:file.write", 3, 4)]
    assert found.err.splitlines()[-1].startswith("of 7 events in 3 runs, 4 that went through (57 %) would be stopped")
    assert found.status == 1


def test_nothing_broken_is_exit_status_0(run, tmp_path):
    (tmp_path / "none.yaml").write_text("lictor: 1\nname: none\ndefaults: { network: deny }\n")
    found = run("backtest", tmp_path / "none.yaml", "--by", "run")
    assert (found.status, found.err) == (0, "of 7 events in 3 runs, none that went through would be stopped\n")


def test_selection_and_time(run, policy):
    assert run("backtest", policy, "--run", "r2", "--format", "csv").out.count("\n") == 2
    with pytest.raises(LictorError, match="no run has events there"):
        run("backtest", policy, "--until", "2001-01-01")
    with pytest.raises(LictorError, match="'A' is no variable: write --env NAME=VALUE"):
        run("backtest", policy, "--env", "A")


def test_a_suggestion_goes_to_a_file_and_its_account_beside_it(run, tmp_path):
    found = run("suggest", "-o", tmp_path / "made.yaml", "--name", "mine", "--mode", "enforce")
    document = yaml.safe_load((tmp_path / "made.yaml").read_text())
    assert (document["name"], document["mode"], document["scope"]) == ("mine", "enforce", {"agents": ["codex"]})
    assert "needs review" in found.out
    assert found.err == "2 rules from 3 runs; 1 things need review, 0 are refused\n"
    assert found.status == 0


def test_without_a_file_the_policy_goes_to_standard_output(run):
    found = run("suggest", "--report", "json", "--govern", "file.write")
    assert yaml.safe_load(found.out)["defaults"] == {"file.write": "deny"}
    account = json.loads(found.err)
    assert [(r["what"], r["stability"]) for r in account["rules"]] == [("${workspace}/**", 1.0), ("~/.cache/x/**", 1.0)]
    assert [(r["outcome"], r["what"]) for r in account["left"]] == [("needs review", "/etc/odd")]


def test_too_few_runs_are_refused(run, tmp_path):
    with pytest.raises(LictorError, match=r"3 runs are fit to learn from, 4 are wanted \(--min-runs\)"):
        run("suggest", "--min-runs", "4")
    with pytest.raises(LictorError, match="cannot be written"):
        run("suggest", "-o", tmp_path / "no" / "x.yaml")
