"""Each hunt finds its recorded case, misses the near miss beside it, and says what it rests on."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from queries import hunting
from queries.catalog import reads
from queries.hunting import Hunt, HuntError, bound, parse
from tests.corpus import corpus

HUNTS = sorted(hunting.hunts())

OVERLAPS: dict[str, set[str]] = {
    # An agent with its approvals or its telemetry on is started by an agent all the same.
    "agent_starts_agent": {"approvals_bypassed.negative", "telemetry_switched_off.negative"},
    # What makes the two a near miss is what came before or after the reading of a key.
    "credential_file_read": {"action_not_confirmed.negative", "credential_read_then_new_egress.negative"},
    # The port that is harmless outside of loopback is an unusual one there.
    "unusual_port": {"local_agent_interface.negative"},
    # Each writes into the home or /var/log on purpose.
    "write_outside_workspace": {
        "authorized_keys_written.negative", "traces_removed.negative", "written_file_runs_elsewhere.negative",
    },
}  # fmt: skip
"""Near misses of one hunt that are the business of another one."""

GOOD = """-- title: A title
-- answers: A question?
-- severity: low
-- tactics: impact
-- attack: T1485
-- atlas: none
-- owasp: ASI08
-- lookback: 5m
-- scheduled: yes
-- false positives: Some.
-- parameters:
--   many: int = 5: how many
--   names: texts = a,b: which
-- columns:
--   path: the file
SELECT *, [row_id] AS evidence FROM events WHERE errno > $many AND list_contains($names, path) -- not $this
"""


def found(connection, hunt, values=None):
    """Rows of a hunt as mappings, by the host that each is about."""
    table = connection.sql(bound(hunt, values or {})).to_arrow_table()
    assert table.schema.names == list(hunt.result_columns)
    return table.to_pylist()


@pytest.fixture(scope="module")
def hits(everything, hunt_cases):
    """Rows of each hunt over all cases; its own cases with their parameters, where they have some."""
    rows = {}
    for name, hunt in hunting.hunts().items():
        rows[name] = found(everything, hunt)
        if values := hunt_cases[f"{name}.positive"].header.get("with"):
            rows[name] = [r for r in rows[name] if not r["host"].startswith(f"{name}.")]
            rows[name] += [r for r in found(everything, hunt, values) if r["host"].startswith(f"{name}.")]
    return rows


def test_there_are_forty_hunts_and_each_has_both_cases(hunt_cases):
    assert len(HUNTS) >= 40
    assert sorted(hunt_cases) == sorted(f"{n}.{case}" for n in HUNTS for case in ("positive", "negative"))


@pytest.mark.parametrize("name", HUNTS)
def test_the_case_is_found(name, hits, hunt_cases):
    case = hunt_cases[f"{name}.positive"]
    rows = [row for row in hits[name] if row["host"] == case.name]
    assert any(fits(row, case.header["finds"]) for row in rows), (case.header["finds"], rows)


@pytest.mark.parametrize("name", HUNTS)
def test_the_near_miss_is_missed(name, hits, hunt_cases):
    case = hunt_cases[f"{name}.negative"]
    assert len(case.rows["activity"]) >= 2
    assert [row for row in hits[name] if row["host"] == case.name] == []


@pytest.mark.parametrize("name", HUNTS)
def test_evidence_names_rows_that_there_are(name, hits, hunt_cases):
    case = hunt_cases[f"{name}.positive"]
    known = {identity(row) for row in case.rows["activity"]}
    for row in (r for r in hits[name] if r["host"] == case.name):
        proof = [identity(e) for e in row["evidence"]]
        assert proof
        assert set(proof) <= known
        assert len(proof) == len(set(proof)) <= hunting.MAX_EVIDENCE
        assert [p[-1] for p in proof] == sorted(p[-1] for p in proof)


def identity(row):
    return tuple(row[n] for n in ("boot_id", "source", "cpu", "class", "seq", "time_ns"))


def fits(row, wanted):
    return all(
        value in str(row[key[:-1]]) if key.endswith("~") else str(row[key]) == value for key, value in wanted.items()
    )


def test_no_other_near_miss_and_no_clean_sample_is_taken_for_a_find(hits):
    """Exactly the overlaps that are known, so that a hunt that becomes louder is noticed, and one that becomes quieter too."""
    seen = {}
    for name in HUNTS:
        hosts = {r["host"] for r in hits[name] if r["host"].endswith(".negative") or r["host"].startswith("sample.")}
        if hosts:
            seen[name] = hosts
    assert seen == OVERLAPS


@pytest.mark.parametrize("name", HUNTS)
def test_time_bounds_are_kept(name, everything, hunt_cases):
    """Nothing before since, nothing at or after until; and all of it where the bounds enclose it."""
    hunt, case = hunting.hunts()[name], hunt_cases[f"{name}.positive"]
    times = [row["time"] for row in case.rows["activity"]]
    values = case.header.get("with", {})
    after = {"since": max(times) + timedelta(seconds=600)}
    before = {"until": min(times)}
    for span in (after, before):
        assert [r for r in found(everything, hunt, values | span) if r["host"] == case.name] == []
    around = {"since": min(times), "until": max(times) + timedelta(seconds=600)}
    assert [r for r in found(everything, hunt, values | around) if r["host"] == case.name]


def test_ids_are_those_of_atlas():
    known = {t["id"] for t in json.loads(corpus("views", "atlas_techniques.json").read_text("utf-8"))["techniques"]}
    assert {i for h in hunting.hunts().values() for i in h.atlas} <= known


def test_every_tactic_but_those_before_the_host_has_a_hunt():
    counted = Counter(t for h in hunting.hunts().values() for t in h.tactics)
    assert set(counted) == set(hunting.TACTICS) - {"reconnaissance", "resource-development"}


def test_every_risk_of_agents_has_a_hunt():
    assert {i for h in hunting.hunts().values() for i in h.owasp} == {f"ASI{n:02}" for n in range(1, 11)}


def test_a_file_is_read_with_its_metadata():
    hunt = parse("x", GOOD)
    assert (hunt.title, hunt.severity, hunt.techniques) == ("A title", "low", ("T1485", "ASI08"))
    assert (hunt.lookback, hunt.scheduled, hunt.false_positives) == (timedelta(minutes=5), True, "Some.")
    assert [(p.name, p.type, p.default) for p in hunt.parameters] == [("many", "int", "5"), ("names", "texts", "a,b")]
    assert list(hunt.result_columns) == [*hunting.COMMON, "path", "evidence"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-- title: A title\n", ""), ("-- severity: low", "-- severity: bad"), ("T1485", "T14"), ("ASI08", "ASI11"),
        ("atlas: none", "atlas: T0053"), ("tactics: impact", "tactics: fun"), ("lookback: 5m", "lookback: soon"),
        ("scheduled: yes", "scheduled: no"), ("scheduled: yes", "scheduled: maybe"), ("$many", "$much"),
        ("= 5: how many", "= five: how many"), ("int = 5", "thing = 5"), ("-- columns:\n", "-- what\n"),
        ("--   path: the file\n", ""), ("--   path: the file", "--   evidence: the file"), ("a,b", "@no_such_list"),
        (GOOD[GOOD.index("SELECT"):], ""), ("--   many: int = 5: how many\n", ""),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_named_in_one_line(old, new):
    assert old in GOOD
    with pytest.raises(HuntError, match=r"x") as refused:
        parse("x", GOOD.replace(old, new))
    assert len(str(refused.value).splitlines()) == 1


def test_values_take_the_place_of_parameters_and_of_nothing_else():
    sql = bound(parse("x", GOOD), {"many": "7", "names": ["it's", "$many"]})
    assert "errno > (7)::BIGINT" in sql
    assert "['it''s', '$many']::VARCHAR[]" in sql
    assert "-- not $this" in sql
    assert "'-infinity'::TIMESTAMPTZ" in sql


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"much": 1}, "no parameter 'much'; it has many, names, since, until"),
        ({"many": "x"}, "many: 'x' is no whole number"),
        ({"since": "x"}, "since: 'x' is no time"),
        ({"names": "@nothing"}, "no list '@nothing'"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_what_there_is(values, said):
    with pytest.raises(HuntError) as refused:
        bound(parse("x", GOOD), values)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE activity; --", "a') OR (1=1", "\\'; SELECT 1 --", "/* ' */", "$since"]
)
def test_no_text_leaves_its_quotes(value, everything):
    hunt = Hunt(**{**vars(parse("x", GOOD)), "sql": GOOD[GOOD.index("SELECT") : GOOD.index(" -- not")]})
    assert found(everything, hunt, {"many": -1, "names": [value]}) == []
    assert everything.sql("SELECT count(*) FROM activity").fetchall() > [(0,)]


def test_names_are_found_with_hyphens_and_near_misses_are_named():
    assert hunting.find("mass-delete").name == "mass_delete"
    with pytest.raises(HuntError, match="did you mean mass_delete"):
        hunting.find("delete")
    with pytest.raises(HuntError, match="lictor hunt lists them"):
        hunting.find("zzz")


def test_proof_is_what_findings_hold():
    rows = [{"boot_id": "b", "source": "ebpf", "cpu": None, "class": "file", "seq": 4, "time_ns": 5}]
    assert json.loads(hunting.proof(rows)) == [
        {"boot_id": "b", "source": "ebpf", "class": "file", "seq": 4, "time_ns": 5}
    ]


def test_only_tables_of_the_lake_and_relations_are_read():
    tables = {"activity", "run_log", "processes", "findings", "actions", "coverage", "policies", "request_log"}
    for hunt in hunting.hunts().values():
        own = set(re.findall(r"(\w+) AS \(", hunt.sql)) | {
            n.split("(")[0] for n in re.findall(r"(\w+\(\w+\)) AS", hunt.sql)
        }
        read = reads(re.sub(r"IS( NOT)? DISTINCT FROM", "=", hunt.sql))
        assert read <= tables | hunting.relations({}).keys() | own, hunt.name


def test_relations_are_bound_and_each_needs_only_those_before_it(everything):
    since = datetime(2026, 1, 5, 12, tzinfo=UTC)
    made = []
    for name, sql in hunting.relations({"since": since, "until": since + timedelta(microseconds=1)}).items():
        assert reads(sql) <= {"activity", *made}
        made.append(name)
        rows = everything.sql(
            f"WITH {', '.join(f'{n} AS ({s})' for n, s in hunting.relations({}).items())} SELECT count(*) FROM {name}"
        )
        assert rows.fetchall() > [(0,)]
    assert made[0] == "host_events"


def test_without_relations_the_text_stands_on_names_that_must_be_there():
    hunt = parse("x", GOOD)
    assert bound(hunt, {}).endswith(bound(hunt, {}, relations=False))
    assert "NOT MATERIALIZED" not in bound(hunt, {}, relations=False)
