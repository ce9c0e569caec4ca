from __future__ import annotations

import pytest

from lictor.history import asking
from lictor.history.asking import HISTORY, Looks, Rows, Window, facts_sql, looks_of, ordered_sql, with_history
from pipeline import schema
from pipeline.policy.load import load_policy
from queries import catalog


def policy(body):
    return load_policy(f"lictor: 1\nname: p\n{body}\n", "p.yaml")


def rule(body):
    return policy(f"rules: [{{ id: x, action: deny, {body} }}]")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    from tests.lictor.history.conftest import History  # noqa: PLC0415

    return History(tmp_path_factory.mktemp("asking")).write(
        [
            {"agent_run": "r", "time": 1, "operation": "net.bind", "src_ip": "1.1.1.1", "src_port": 1, "dst_ip": "2.2.2.2", "outcome": "success"},
            {"agent_run": "r", "time": 2, "time_ns": 2001, "operation": "exec", "cmdline": "a b", "path": "/a", "outcome": "success", "action": "kill"},
            {"agent_run": "r", "time": 3, "operation": "fork", "cmdline": "a b", "outcome": "success", "action": "kill", "enforcement": "failed"},
            {"agent_run": "r", "time": 4, "operation": "file.read", "path": "/it's", "outcome": "denied"},
            {"agent_run": "r", "time": 5, "operation": "file.read", "path": "/b", "outcome": "failure"},
            {"agent_run": "r", "time": 6, "operation": "file.read", "path": "/b"},
            {"time": 7, "operation": "file.read", "path": "/of no run"},
        ],
        [{"run": "r", "state": "started", "time": 1}, {"run": "r", "state": "ended", "time": 2, "cwd": "/w"}],
    )  # fmt: skip


def test_every_query_has_the_columns_that_it_promises(lake):
    loaded = catalog.load(HISTORY)
    assert {q.name for q in loaded} == {"history_events", "history_runs", "history_blemishes"}
    for q in loaded:
        assert lake.query(with_history(f"SELECT * FROM {q.name} LIMIT 0")).schema.names == list(q.columns), q.name


def test_events_say_whether_they_went_through(lake):
    rows = lake.query(with_history("SELECT at_ns, went, stopped, ip, port, cmdline FROM history_events ORDER BY at_ns"))
    assert [tuple(r.values()) for r in rows.to_pylist()] == [
        (1000, True, False, "1.1.1.1", 1, None),
        (2001, False, True, None, None, "a b"),
        (3000, True, False, None, None, None),
        (4000, False, True, None, None, None),
        (5000, False, False, None, None, None),
        (6000, True, False, None, None, None),
    ]


def test_the_latest_state_of_a_run_counts(lake):
    [row] = lake.query(with_history("SELECT state, cwd FROM history_runs")).to_pylist()
    assert row == {"state": "ended", "cwd": "/w"}


def test_facts_are_counted_and_what_no_rule_speaks_of_is_one(lake):
    looks = looks_of([[rule("on: file.read, match: { path: /b }")]])
    rows = lake.query(facts_sql(looks, ["r"], Window())).to_pylist()
    assert sorted((r["operation"], r["path"], r["events"], r["went"], r["stopped"]) for r in rows if r["path"]) == [
        ("file.read", "/b", 2, 1, 0), ("file.read", "/it's", 1, 0, 1),
    ]  # fmt: skip
    assert sum(r["events"] for r in rows) == 6
    assert lake.query(facts_sql(looks, ["r"], Window(2001, 3001))).num_rows == 2
    assert lake.query(facts_sql(looks, ["no", "other"], Window())).num_rows == 0


def test_single_events_come_in_order_and_only_those_wanted(lake):
    looks = looks_of([[rule("on: file.read")]])
    wanted = [(["r"], Rows(frozenset({"exec"}), {"file.read": frozenset({"/it's"})}))]
    rows = lake.query(ordered_sql(looks, wanted, Window(), None)).to_pylist()
    assert [(r["at_ns"], r["operation"]) for r in rows] == [(2001, "exec"), (4000, "file.read")]
    assert lake.query(ordered_sql(looks, wanted, Window(), 1)).num_rows == 1


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("on: exec, match: { argv: 'x*' }", {"cmdline"}), ("on: exec, unless: { user: root }", {"user", "uid"}),
        ("on: net.connect, match: { net: unresolved }", {"dst_name"}), ("on: net.connect, match: { net: external }", set()),
        ("on: net.connect, match: { size: '>1MB' }", {"bytes"}), ("on: fork, match: { parent: /x }", {"parent_exe"}),
        ("within: 5s, sequence: [{ on: exec, match: { exe_hash: " + "0" * 64 + " } }, { on: fork }]", {"exe_sha256"}),
    ],
)  # fmt: skip
def test_only_columns_that_a_policy_looks_at_are_asked_for(body, columns):
    assert set(looks_of([[rule(body)]]).columns) == {*asking.FACTS, *columns}


def test_operations_are_those_that_some_rule_or_default_speaks_of():
    assert looks_of([[policy("defaults: { network: deny }")]]).operations == {"net.connect", "net.send"}
    assert looks_of([[rule("on: file.read")]]).operations == {"file.open", "file.read", "file.write", "file.create"}
    assert looks_of([[rule("on: net.send, match: { taint: credential }")]]).operations == set(schema.OPERATION_BY_NAME)


def test_versions_are_kept_by_side():
    a, b = rule("on: fork"), rule("on: exec")
    assert looks_of([[a], [b, a]]).versions == ((a.version,), tuple(sorted((a.version, b.version))))


def test_nothing_wanted_is_no_row():
    assert Rows().sql() == "false"
    assert "known_0" in facts_sql(Looks(asking.FACTS, frozenset(), ((),)), ["r"], Window())
