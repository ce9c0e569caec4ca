from __future__ import annotations

import duckdb
import pyarrow as pa

from pipeline.detect.evidence import each_alone, row_ids, touching
from pipeline.detect.interface import HITS, IDENTITY


def hits_of(*evidence):
    return pa.Table.from_pylist([{"detection": "d", "evidence": e} for e in evidence], HITS)


def test_a_rows_identity_is_its_own_columns(rows):
    table = rows({"seq": 5, "cpu": 1}, {"seq": None, "boot_id": None})
    assert row_ids(table).to_pylist() == table.select(IDENTITY).to_pylist()


def test_hits_that_rest_on_one_row_each(rows):
    table = rows({"agent_run": "a"}, {"agent_run": "b"})
    hits = each_alone(pa.array(["x", "y"]), table)
    assert hits.schema == HITS
    assert hits["agent_run"].to_pylist() == ["a", "b"]
    assert [e[0]["seq"] for e in hits["evidence"].to_pylist()] == table["seq"].to_pylist()
    assert each_alone(pa.array([], pa.string()), table.slice(0, 0)).num_rows == 0


def test_hits_with_a_new_row_anywhere_are_kept_in_order(rows):
    table = rows({}, {}, {}, {"seq": None, "boot_id": None})
    a, b, c, nameless = row_ids(table).to_pylist()
    hits = hits_of([a, b], [a], [c, a], [nameless], [])
    connection = duckdb.connect()
    kept = touching(connection, hits, table.slice(2))
    assert kept["evidence"].to_pylist() == [[c, a], [nameless]]
    assert touching(connection, hits, table.slice(0, 0)).num_rows == 0
    assert touching(connection, hits.slice(0, 0), table).num_rows == 0
