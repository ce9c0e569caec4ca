"""What is only shown: rules with their places, warnings, tests, use in the time, and versions."""

from __future__ import annotations

from dashboards.policing import use


def opened(governed, part, policy="careful", **query):
    at = governed.page("policies", query={"policy": policy, "part": part, "since": "30d", **query})
    assert not at.exception
    return at


def frame(at, column):
    return next(f.value for f in at.dataframe if column in f.value.columns)


def test_rules_say_where_this_machine_enforces_them(governed):
    rules = frame(opened(governed, "Rules"), "enforced")
    assert {"known-hosts-only", "keys-freeze", "default:exec"} <= set(rules["rule"])
    assert all(rules["enforced"])


def test_lint_has_the_score_and_its_parts(governed):
    at = opened(governed, "Lint")
    assert at.metric[0].label == "Permissiveness"
    score = float(at.metric[0].value.split()[0])
    parts = frame(at, "points")["points"]
    assert abs(sum(parts) - score) < 1
    assert list(parts) == sorted(parts, reverse=True)


def test_tests_inside_are_run(governed):
    assert "2 of 2 tests pass" in opened(governed, "Tests").success[0].value


def test_use_counts_what_the_lake_has(governed):
    at = opened(governed, "Use", policy="claude-code")
    rows = frame(at, "matches").set_index("rule")
    sql = "SELECT coalesce(rule, '') AS rule, count(*) AS n FROM activity WHERE policy = 'claude-code' AND verdict IS NOT NULL GROUP BY ALL"
    wanted = {r["rule"] or use.SILENT: r["n"] for r in governed.ports.lake.query(sql).to_pylist()}
    assert {rule: n for rule, n in rows["matches"].to_dict().items() if n} == wanted
    assert (rows["use"] == "granted, never used").any()


def test_a_clicked_rule_shows_what_it_decided_about(governed):
    at = opened(governed, "Use", policy="claude-code")
    at.session_state["policies_use"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    rule = frame(at, "matches")["rule"].iloc[0]
    assert rule in at.subheader[-1].value.replace("\\", "")
    assert frame(at, "object")["events"].iloc[0] > 0


def test_versions_are_listed_and_a_click_goes_there(governed):
    sql = "SELECT DISTINCT version FROM policies WHERE policy = 'claude-code' AND state = 'in_force'"
    known = set(governed.ports.lake.query(sql)["version"].to_pylist())
    at = opened(governed, "Versions", policy="claude-code")
    listed = list(frame(at, "hosts")["version"])
    assert set(listed) == known
    at.session_state["policies_versions"] = {"selection": {"rows": [len(listed) - 1], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert at.query_params["version"] == listed[-1]
