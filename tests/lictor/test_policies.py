"""What policy commands find out, over several files of which some are broken."""

import pytest

from lictor import policies
from pipeline.policy.compile import RunContext

CONTEXT = RunContext("/home/dev/repo", "/home/dev", {}, "dev", "box", "")


@pytest.fixture
def good(session):
    return session / "policy.yaml"


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("lictor: 1\nname: bad\ncolour: red\n")
    return path


def test_every_rule_and_default_is_told_once_in_order(good):
    table, wrong = policies.check([good], CONTEXT)
    assert wrong == []
    rules = table.column("rule").to_pylist()
    assert rules == [
        "workspace",
        "keys",
        "looked",
        "default:exec",
        "default:file.read",
        "default:file.write",
        "default:net.connect",
    ]
    enforced = dict(zip(rules, table.column("enforced").to_pylist(), strict=True))
    assert enforced["workspace"] == enforced["looked"] == policies.NOT_STOPPING
    assert enforced["keys"].startswith("kernel")


def test_a_scope_of_others_does_not_hide_the_rules(good):
    good.write_text(good.read_text().replace("name: coding", "name: coding\nscope: { agents: [goose] }"))
    assert policies.check([good], CONTEXT)[0].num_rows == 7


def test_a_broken_file_does_not_hide_the_others(good, bad):
    table, wrong = policies.check([bad, good], CONTEXT)
    assert set(table.column("policy").to_pylist()) == {"coding"}
    assert [str(e).startswith(f"{bad}:3:1: ") for e in wrong] == [True]
    assert policies.check([bad], CONTEXT)[0] is None


def test_tests_in_the_file_are_run(good, bad):
    good.write_text(good.read_text().replace("expect: allow, rule: workspace", "expect: deny"))
    (results,), wrong = policies.run_all([bad, good], CONTEXT)
    assert [r.passed for r in results] == [True, False]
    assert len(wrong) == 1
    rows = policies.results_table(results).to_pylist()
    assert [(row["test"], row["passed"]) for row in rows] == [(1, True), (2, False)]
    assert "expected deny" in rows[1]["text"]
    assert policies.results_table([]).num_rows == 0
