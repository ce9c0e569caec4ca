from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.policy.sequences.acts import acts_of, path_key, path_number
from pipeline.policy.sequences.keys import Keys
from pipeline.policy.sequences.plan import NONE


def acts(rows, paths=None):
    names = [c.name for c in schema.ACTIVITY if any(c.name in r for r in rows)]
    columns = {n: pa.array([r.get(n) for r in rows], schema.lake_type("activity", n)) for n in names}
    return acts_of(schema.batch("activity", columns), Keys(pa.string()) if paths is None else paths)


@pytest.mark.parametrize(
    ("operation", "intent", "reads", "writes", "creates"),
    [
        ("file.read", "read", True, False, False),
        ("file.read", None, True, False, False),
        ("file.write", "read,write", True, True, False),
        ("file.write", "truncate", False, True, False),
        ("file.create", "write,create", False, True, True),
        ("file.open", None, False, False, False),
        ("file.delete", "read", False, False, False),
        ("net.connect", None, False, False, False),
    ],
)
def test_what_an_operation_does(operation, intent, reads, writes, creates):
    found = acts([{"operation": operation, "intent": intent, "process_key": 1}])
    assert (found.reads.tolist(), found.writes.tolist(), found.creates.tolist()) == ([reads], [writes], [creates])


@pytest.mark.parametrize("how", [{"errno": 13}, {"outcome": "failure"}, {"outcome": "denied"}, {"process_key": None}])
def test_failed_calls_and_rows_without_a_process_do_nothing(how):
    found = acts([{"operation": "file.write", "intent": "read,write", "process_key": 1} | how])
    assert not found.reads.any()
    assert not found.writes.any()


def test_same_inode_on_two_devices_is_two_files_and_half_an_identity_is_none():
    rows = [
        {"operation": "file.read", "process_key": 1, "dev": d, "ino": i}
        for d, i in [(1, 9), (2, 9), (1, 9), (1, None), (None, 9)]
    ]
    first, second, third, *halves = acts(rows).inode.tolist()
    assert first == third != second
    assert min(first, second) >= 0
    assert halves == [NONE, NONE]


def test_only_paths_that_can_be_tainted_get_a_key():
    paths = Keys(pa.string())
    rows = [
        {"operation": "file.write", "process_key": 1, "path": "/by-name"},
        {"operation": "file.write", "process_key": 1, "path": "/by-inode", "dev": 1, "ino": 2},
        {"operation": "file.rename", "process_key": 1, "path": "/from", "path_to": "/to"},
        {"operation": "file.read", "process_key": 1, "path": "/by-name"},
    ]
    found = acts(rows, paths)
    assert len(paths) == 2
    assert found.path[0] == found.path[3] < 0
    assert (found.path[1], found.path[2]) == (NONE, NONE)
    assert path_key(path_number(found.path_to[2:3])).tolist() == found.path_to[2:3].tolist()
