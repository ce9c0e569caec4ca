"""Each view gives what its file promises: columns, order, types; and says of each column what it means."""

from __future__ import annotations

import pytest

from pipeline.lake import engine
from queries import catalog

VIEWS = {q.name: q for q in catalog.load()}


def sql_name(kind: str) -> str:
    return kind.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")


@pytest.fixture(scope="module")
def described(by_hand):
    """(view, column) and type, in order, from one query for all."""
    parts = " UNION ALL ".join(
        f"SELECT '{name}' AS view, * FROM (SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM \"{name}\"))"
        for name in VIEWS
    )
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in VIEWS}
    for row in by_hand.query(parts).to_pylist():
        found[row["view"]].append((row["column_name"], row["column_type"]))
    return found


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_view_has_the_columns_and_types_of_its_file(described, name):
    view = VIEWS[name]
    assert described[name] == [(c, sql_name(view.types[c])) for c in view.columns]


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_column_has_a_meaning_and_every_view_says_what_it_answers(name):
    view = VIEWS[name]
    assert [c for c, meaning in view.columns.items() if len(meaning) < 3] == []
    assert len(view.answers.split()) > 4
    assert view.source.startswith("https://") or not view.schema


@pytest.mark.parametrize("name", sorted(n for n, q in VIEWS.items() if q.schema))
def test_columns_that_are_said_to_be_null_are_and_others_are_not_all(by_hand, name):
    view = VIEWS[name]
    counts = by_hand.query(
        "SELECT " + ", ".join(f'count("{c}") AS "{c}"' for c in view.columns) + f' FROM "{name}"'
    ).to_pylist()[0]
    assert {c for c, n in counts.items() if n and c in view.unknown} == set()
    # The lake made by hand has a value for every column that a view can fill, but for these few.
    seldom = {"InitiatingProcessParentCreationTime", "ParentProcessCreationTime", "ToolName", "PreviousRegistryKey", "NetworkBytes",
              "SrcBytes", "SHA256", "TargetFileSHA256"}  # fmt: skip
    assert {c for c, n in counts.items() if not n and c not in view.unknown} <= seldom


def test_a_view_of_another_product_computes_just_the_columns_that_it_names(by_hand):
    for view in (v for v in VIEWS.values() if v.schema):
        inner = view.sql.partition("FROM (\n")[2].rsplit("\n)", 1)[0]
        rows = by_hand.query(f"DESCRIBE {inner}").to_pylist()
        assert {r["column_name"] for r in rows} == view.columns.keys() - view.unknown, view.name


def test_no_view_bears_the_name_of_a_table_whatever_its_case():
    names = [n.lower() for n in VIEWS]
    assert len(set(names)) == len(names)
    assert not set(names) & set(engine.BASE_TABLES)


def test_a_plain_query_creates_no_view_at_all():
    assert (
        engine.needed_views(
            "SELECT exe, path, dst_ip FROM activity WHERE verdict = 'deny' ORDER BY time", catalog.views()
        )
        == {}
    )


def test_a_view_brings_along_those_that_it_reads_and_no_others():
    assert sorted(engine.needed_views("FROM devicefileevents", catalog.views())) == sorted(
        ["activity_in_context", "process_births", "activity_with_descent", "DeviceFileEvents"]
    )
