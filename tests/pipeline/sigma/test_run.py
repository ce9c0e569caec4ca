"""Rules over rows: the agreed shape, SigmaHQ's regression logs, and a second reading of every rule under stress."""

import json
import random
from collections import defaultdict

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.schema import lake_schema
from pipeline.sigma.run import SCHEMA, ask, asked_fields, matches
from tests.pipeline.sigma import rule_judge, stress_judge
from tests.structure.conftest import ROOT

COLUMNS = {
    "Image": "exe",
    "CommandLine": "cmdline",
    "CurrentDirectory": "cwd",
    "User": "user",
    "ParentImage": "parent_exe",
    "TargetFilename": "path",
}
"""Fields of Sysmon's events that the activity table has a column for."""


def table(*rows):
    names = {n for r in rows for n in r}
    return pa.Table.from_pylist(list(rows), pa.schema([f for f in lake_schema("activity") if f.name in names]))


ROWS = table(
    {"operation": "exec", "outcome": "success", "source": "ebpf", "exe": "/bin/a"},
    {"operation": "exec", "outcome": "success", "source": "ebpf", "exe": "/bin/b", "cmdline": "b --flag"},
    {"operation": "exec", "outcome": "success", "source": "ebpf", "exe": "/bin/a"},
    {"operation": "file.read", "outcome": "success", "source": "ebpf", "exe": "/bin/a"},
    {"operation": "exec", "outcome": "success", "source": "etw", "exe": "/bin/a"},
)


def test_gives_each_rule_and_row_once_in_order(bundle_of):
    bundle = bundle_of(
        "s: { Image|endswith: /a }\ncondition: s",
        "s: { Image|startswith: /bin }\ncondition: s",
        "k: [ flag ]\ncondition: k",
    )
    with duckdb.connect() as connection:
        found = matches(connection, bundle, ROWS)
        assert connection.sql("SHOW ALL TABLES").fetchall() == []
    ids = [r.id for r in bundle.rules]
    pairs = list(zip(found["rule_id"].to_pylist(), found["row"].to_pylist(), strict=True))
    assert found.schema == SCHEMA
    assert pairs == [(ids[0], 0), (ids[1], 0), (ids[1], 1), (ids[2], 1), (ids[0], 2), (ids[1], 2)]


def test_nothing_to_ask_gives_nothing(bundle_of):
    bundle = bundle_of("s: { Image|endswith: /a }\ncondition: s")
    with duckdb.connect() as connection:
        assert matches(connection, bundle, ROWS.slice(0, 0)).num_rows == 0
        assert matches(connection, bundle.only(ids=[]), ROWS).schema == SCHEMA


def test_a_rule_for_any_system_is_asked_of_each(bundle_of):
    bundle = bundle_of("s: { Image|endswith: /a }\ncondition: s")
    anywhere = bundle.__class__(
        tuple(r.__class__(**{**r.__dict__, "product": None}) for r in bundle.rules), (), {}, "", ""
    )
    with duckdb.connect() as connection:
        assert matches(connection, anywhere, ROWS)["row"].to_pylist() == [0, 2, 4]


def test_a_locked_connection_is_enough(bundle_of):
    bundle = bundle_of("s: { DestinationIp|cidr: 10.0.0.0/8 }\ncondition: s", category="network_connection")
    rows = table({"operation": "net.connect", "source": "ebpf", "exe": "/bin/a", "dst_ip": "10.1.1.1", "dst_port": 1})
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as connection:
        connection.execute("SET lock_configuration = true")
        assert matches(connection, bundle, rows)["row"].to_pylist() == [0]


def objects(text):
    """Every JSON object of a log file, one behind the other or in a list."""
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        found, at = decoder.raw_decode(text, at)
        yield from found if isinstance(found, list) else [found]


def logged(folder):
    """Events of SigmaHQ's regression logs by rule id: each as a dict of fields."""
    for path in sorted(folder.rglob("*.json")):
        for event in objects(path.read_text("utf-8")):
            told = event["Event"].get("EventData") or {}
            yield path.stem, {k: str(v) for k, v in told.items() if v is not None}


def as_row(event, category):
    """A Windows event as an activity row, with what has no column beside it."""
    operation = {"process_creation": "exec", "file_event": "file.create"}[category]
    row = {"operation": operation, "outcome": "success", "source": "sysmon"}
    return row | {column: event[f] for f, column in COLUMNS.items() if f in event}


def test_every_regression_log_of_sigmahq_hits_its_rule(compiled, sigmahq):
    by_id = {r.id: r for r in compiled.rules}
    groups = defaultdict(list)
    for rule_id, event in logged(sigmahq / "regression_data"):
        if rule_id in by_id:
            groups[by_id[rule_id].category].append((rule_id, event))
    wanted = {i for g in groups.values() for i, _ in g}
    hit = set()
    for category, given in groups.items():
        rules = [r for r in compiled.rules if (r.product, r.category) == ("windows", category)]
        hit |= {i for i, rows in asked_of(rules, [e for _, e in given]).items() if any(given[n][0] == i for n in rows)}
    assert len(wanted) >= 196
    assert wanted - hit == set()


@pytest.mark.parametrize("category", ["process_creation", "file_event"])
def test_regression_logs_hit_as_activity_rows_too(category, compiled, sigmahq):
    rules = {r.id for r in compiled.rules if (r.product, r.category) == ("windows", category)}
    given = [(i, e) for i, e in logged(sigmahq / "regression_data") if i in rules]
    extra = pa.array([list(e.items()) for _, e in given], pa.map_(pa.string(), pa.string()))
    rows = table(*(as_row(e, category) | {"parent_key": n, "time": 1} for n, (_, e) in enumerate(given)))
    parents = table(
        *(
            {
                "process_key": n,
                "time": 0,
                "exe": e.get("ParentImage"),
                "cmdline": e.get("ParentCommandLine"),
                "parent_key": -1,
                "user": e.get("ParentUser"),
            }
            for n, (_, e) in enumerate(given)
        )
    )
    with duckdb.connect() as connection:
        found = matches(connection, compiled.only(ids=rules), rows.append_column("extra", extra)).to_pylist()
        alone = matches(connection, compiled.only(ids=rules), rows, earlier=parents).to_pylist()
    wanted = {i for i, _ in given}
    assert {f["rule_id"] for f in found if given[f["row"]][0] == f["rule_id"]} == wanted
    seen = {f["rule_id"] for f in alone if given[f["row"]][0] == f["rule_id"]}
    unseen = {r.id for r in compiled.rules if r.id in wanted - seen}
    # A rule that is said to see all of its fields loses nothing.
    assert [r.source for r in compiled.rules if r.id in unseen and r.fires == "yes"] == []


def asked_of(rules, events):
    """Rows that each rule matches, by its id."""
    fields = sorted({*asked_fields(rules), *(f for e in events for f in e)})
    columns = {f: pa.array([e.get(f) for e in events], pa.string()) for f in fields}
    found = defaultdict(set)
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"row": pa.array(range(len(events)), pa.int64()), **columns}))
        for pair in ask(connection, rules, "SELECT * FROM given", fields).to_pylist():
            found[pair["rule_id"]].add(pair["row"])
    return found


def test_every_rule_of_sigmahq_agrees_with_a_second_reading_under_stress(compiled, sigmahq):
    groups = defaultdict(list)
    for rule in compiled.rules:
        groups[rule.product, rule.category].append(rule)
    wrong, events_, with_positive = [], 0, 0
    for rules in groups.values():
        read = {r.id: yaml.load((sigmahq / r.source).read_bytes(), yaml.CSafeLoader) for r in rules}
        own, made = {}, []
        for r in rules:
            mine = stress_judge.events(read[r.id])
            own[r.id] = range(len(made), len(made) + len(mine))
            made += mine
        found = asked_of(rules, made)
        events_ += len(made)
        for r in rules:
            rng = random.Random(r.id)
            others = rng.sample(range(len(made)), min(20, len(made))) + rng.sample(
                sorted(found[r.id]), min(20, len(found[r.id]))
            )
            asked = {*own[r.id], *others}
            wanted = {n for n in asked if rule_judge.matches(read[r.id], made[n])}
            with_positive += bool(wanted & set(own[r.id]))
            wrong += [(r.source, made[n]) for n in wanted ^ (found[r.id] & asked)]
    assert wrong == []
    assert events_ > 40_000
    assert with_positive > 2_400


@pytest.mark.parametrize(
    ("sample", "wanted"),
    [
        ("build", {"Potentially Suspicious Execution From Tmp Folder", "File Deletion"}),
        ("coding", {"Potentially Suspicious Execution From Tmp Folder"}),
    ],
)
def test_recorded_work_matches_only_what_is_so(sample, wanted, compiled):
    """The samples were recorded below /tmp and run what they built there; nothing else in them is suspicious."""
    rows = pq.read_table(ROOT / "sample-traces" / sample / "trace.parquet")
    with duckdb.connect() as connection:
        found = set(matches(connection, compiled, rows)["rule_id"].to_pylist())
    assert {r.title for r in compiled.rules if r.id in found} == wanted
