"""The process tree: every process once, children below their creators, denials never hidden by a closed branch or a cap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dashboards.runs import tree

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = pa.schema([
    ("process_key", pa.int64()), ("parent_key", pa.int64()), ("pid", pa.int32()), ("started", pa.timestamp("us", tz="UTC")),
    ("ended", pa.timestamp("us", tz="UTC")), ("exe", pa.string()), ("cmdline", pa.string()), ("programs", pa.int64()), ("exit_code", pa.int32()),
    ("signal", pa.int32()), ("events", pa.int64()), ("denied", pa.int64()),
])  # fmt: skip


def table(*processes):
    """(key, parent, denied) each, in order of time."""
    rows = [
        {"process_key": k, "parent_key": p, "denied": d, "events": 1, "pid": k, "exe": f"/bin/p{k}", "started": START + timedelta(seconds=i)}
        for i, (k, p, d) in enumerate(processes)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SCHEMA)


processes = st.lists(
    st.tuples(st.integers(1, 30), st.one_of(st.none(), st.integers(1, 30)), st.integers(0, 2)),
    max_size=30,
    unique_by=lambda p: p[0],
)


@given(processes)
def test_each_process_stands_once_below_its_creator(listed):
    grown = tree.forest(table(*listed))
    assert sorted(grown) == sorted(k for k, _, _ in listed)
    order = list(grown)
    for key, node in grown.items():
        if node.depth:
            parent = node.row["parent_key"]
            assert grown[parent].depth == node.depth - 1
            assert order.index(parent) < order.index(key)
    assert sum(n.row["denied"] for n in grown.values()) == sum(
        n.row["denied"] + n.denied_below for n in grown.values() if not n.depth
    )


@given(processes, st.integers(1, 8))
def test_a_cap_keeps_the_way_to_what_was_denied(listed, shown):
    grown = tree.forest(table(*listed))
    keys, left_out = tree.printed(grown, set(grown), shown)
    assert len(keys) <= shown
    assert len(keys) + left_out == len(grown)
    for key in keys:
        assert not grown[key].depth or grown[key].row["parent_key"] in keys


def test_a_closed_branch_says_what_is_below():
    grown = tree.forest(table((1, None, 0), (2, 1, 0), (3, 2, 5)))
    keys, _ = tree.printed(grown, {1})
    assert keys == [1, 2]
    rows = tree.table(grown, keys, {1}).to_pylist()
    assert [r["process"].strip() for r in rows] == ["− p1", "+ p2"]
    assert rows[1]["denied_below"] == 5


def test_large_trees_are_open_around_denials_only():
    many = [(1, None, 0), (2, 1, 0), *((k, 2, 0) for k in range(10, 200)), (3, 1, 0), (4, 3, 1)]
    grown = tree.forest(table(*many))
    assert tree.opened_at_first(grown) == {1, 3}
    assert tree.opened_at_first(tree.forest(table(*many[:5]))) == {1, 2, 10, 11, 12}


def test_ten_thousand_forks_deep():
    grown = tree.forest(table((1, None, 0), *((k, k - 1, 0) for k in range(2, 10_001))))
    assert grown[10_000].depth == 9_999
    assert tree.table(grown, [10_000], ()).num_rows == 1


def test_who_ran_nothing_is_named():
    row = table((1, None, 0)).to_pylist()[0]
    assert tree.program(row | {"exe": None}) == tree.NO_PROGRAM
    assert tree.program(row | {"exe": "/usr/bin/cat"}) == "cat"
