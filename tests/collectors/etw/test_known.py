from __future__ import annotations

import numpy as np
import pyarrow as pa

from collectors.etw.known import KnownProcesses


def longs(*values: int):
    return np.array(values, np.int64)


def test_kept_processes_have_their_parents_and_texts():
    known = KnownProcesses()
    exe = known.pool.codes(pa.array(["a", "b", "c", "d"]))
    index = known.add(
        longs(1, 2, 3, 4), longs(0, 0, 0, 0), exe, longs(-1, -1, -1, -1), longs(-1, -1, -1, -1), longs(5, 6, 7, 8)
    )
    known.set_parent(index[3:], index[1:2])
    moved = known.keep(index[3:])
    assert known.texts("exe", moved[[3, 1, 0]]).to_pylist() == ["d", "b", None]
    assert known.key[known.parent[moved[3]]] == 2


def test_a_second_statement_adds_what_was_missing():
    known = KnownProcesses()
    short, full, line = known.pool.codes(pa.array(["x.exe", "C:\\x.exe", "x -y"])).tolist()
    index = known.add(longs(1), longs(0), longs(short), longs(-1), longs(-1), longs(5))
    known.complete(index, longs(full), longs(line), longs(-1), full=np.array([True]))
    known.complete(index, longs(short), longs(short), longs(-1), full=np.array([False]))
    assert [known.texts(n, index)[0].as_py() for n in ("exe", "cmdline", "user")] == ["C:\\x.exe", "x -y", None]
