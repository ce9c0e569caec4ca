"""The policy tools over text: the same answers as the command line gives about a file, and no file of this machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from dashboards.interface import DashboardError, Origin
from lictor.dashboard.policy_tools import PolicyTools
from pipeline.lake.reader import Lake
from queries.catalog import views

WIDER = "lictor: 1\nname: coding\ndefaults: { exec: allow, file.read: allow, net.connect: allow }\nrules: []\n"
BROKEN = "lictor: 1\nname: p\nrules:\n  - { id: a, on: file.raed, match: { path: /x }, action: deny }\n"


@pytest.fixture
def tools(lake):
    return PolicyTools(Lake(lake, views=views()))


@pytest.fixture
def policy(made):
    return made.policy


def test_valid_policy_has_nothing_wrong_with_it(tools, policy):
    assert tools.check(policy) == []


@pytest.mark.parametrize("text", [BROKEN, "", "[", "lictor: 1\nname: [", "\x00", "!!python/object:os.system x"])
def test_what_is_wrong_is_told_with_its_line(tools, text):
    problems = tools.check(text)
    assert problems
    assert all({"line", "column", "message", "file"} == row.keys() for row in problems)
    assert not any("\n" in row["message"] for row in problems)


def test_line_and_column_are_where_it_is(tools):
    (problem,) = tools.check(BROKEN)
    assert problem["line"] == 4
    assert "file.raed" in problem["message"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../etc/passwd", "policy.yaml"])
def test_text_can_include_no_file_of_this_machine(tools, path):
    text = f"lictor: 1\nname: p\ninclude: [{path}]\nrules: []\n"
    told = json.dumps(tools.check(text))
    assert tools.check(text)
    assert "root:" not in told
    with pytest.raises(DashboardError):
        tools.explain(text)


INCLUDING = "lictor: 1\nname: p\ninclude: [../base.yaml]\nrules: []\n"
BASE = "lictor: 1\nname: base\nrules:\n  - { id: base, on: file.read, match: { path: /srv/x }, action: deny }\n"


def test_files_that_the_lake_has_of_a_policy_can_be_included(tools):
    origin = Origin("/etc/lictor/team/p.yaml", {"/etc/lictor/base.yaml": BASE})
    assert tools.check(INCLUDING, origin) == []
    assert "base" in {row["rule"] for row in tools.explain(INCLUDING, origin)}
    assert "no text of it" in json.dumps(tools.check(INCLUDING, Origin("/etc/p.yaml", {"/etc/lictor/base.yaml": BASE})))


def test_problem_of_an_included_file_names_it(tools):
    origin = Origin("/etc/lictor/team/p.yaml", {"/etc/lictor/base.yaml": BASE.replace("file.read", "file.raed")})
    (problem,) = tools.check(INCLUDING, origin)
    assert problem["file"] == "/etc/lictor/base.yaml"


@pytest.mark.parametrize("path", ["/x/${SECRET}/**", "${SECRET}/**", "${workspace}/${SECRET}"])
def test_policy_is_no_way_to_read_variables_of_the_dashboard(tools, monkeypatch, path):
    monkeypatch.setenv("SECRET", "hunter2")
    text = f'lictor: 1\nname: p\nrules:\n  - {{ id: a, on: file.read, match: {{ path: "{path}" }}, action: deny }}\n'
    for ask in (tools.explain, tools.lint, tools.tests, lambda t: tools.diff(t, t.replace("deny", "allow"))):
        with pytest.raises(DashboardError, match="has no value here") as told:
            ask(text)
        assert "hunter2" not in str(told.value)


def test_several_problems_are_one_line(tools):
    text = BROKEN + "  - { id: b, on: file.raed, match: { path: /x }, action: deny }\n"
    with pytest.raises(DashboardError) as told:
        tools.explain(text)
    assert "\n" not in str(told.value)
    assert str(told.value).count("file.raed") == 2


@pytest.mark.parametrize("what", ["explain", "lint", "tests"])
def test_broken_text_is_one_line_to_the_others(tools, what):
    with pytest.raises(DashboardError) as told:
        getattr(tools, what)(BROKEN)
    assert "policy.yaml" in str(told.value)


def test_explain_says_what_the_command_line_says(tools, policy, lictor, tmp_path):
    (tmp_path / "policy.yaml").write_text(policy)
    said = json.loads(lictor("policy", "explain", tmp_path / "policy.yaml", "--format", "json").out)
    assert [(r["rule"], r["enforced"]) for r in tools.explain(policy)] == [(r["rule"], r["enforced"]) for r in said]


def test_tests_inside_a_policy_pass_or_do_not(tools, policy):
    assert [row["passed"] for row in tools.tests(policy)] == [True, True]
    assert [row["passed"] for row in tools.tests(policy.replace("expect: allow, rule: workspace", "expect: deny"))] == [
        True,
        False,
    ]


def test_lint_finds_the_rule_that_never_decides_and_scores(tools, policy):
    never = policy.replace("rules:\n", "rules:\n  - { id: all, on: file.read, match: { path: '/**' }, action: deny }\n")
    warnings, score = tools.lint(never)
    assert warnings
    assert score[0]["text"] == "permissiveness of 100"
    assert tools.lint(WIDER)[1][0]["points"] > score[0]["points"]


def test_diff_names_the_rules_that_changed(tools, policy):
    rows = tools.diff(policy, policy.replace('id: keys, on: file.read, match: { path: "~/.ssh/**" }, action: deny', 'id: keys, on: file.read, match: { path: "~/.ssh/**" }, action: audit'))  # fmt: skip
    assert "keys" in {row["rule"] for row in rows}
    assert tools.diff(policy, policy) == []


def test_backtest_says_what_would_have_been(tools, policy, made):
    found = tools.backtest(
        policy.replace("exec: allow", "exec: deny"), datetime.fromtimestamp(made.begin / 1e9 - 60, UTC)
    )
    assert found["broken"] > 0
    assert found["events"] >= found["broken"]
    assert found["rows"]
    assert all(isinstance(line, str) for line in found["told"])


def test_backtest_without_runs_is_told(tools, policy):
    with pytest.raises(DashboardError, match="no run has events there"):
        tools.backtest(policy, datetime.now(UTC))
