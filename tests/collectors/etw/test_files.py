from __future__ import annotations

import struct

import pytest

from collectors.etw import files
from tests.etl_writer import FILE, event, moved, opened, wide

DATA = "\\Device\\HarddiskVolume3\\data"


@pytest.mark.parametrize(
    ("disposition", "options", "operation", "intent"),
    [(1, 0, "file.open", None), (2, 0, "file.create", "create"), (2, 1, "file.mkdir", "create"), (3, 0, "file.open", "create"), (5, 0, "file.write", "write,create,truncate"), (0, 0, "file.write", "write,create,truncate"), (4, 0, "file.write", "write,truncate"), (255, 0, "file.write", "write,create,truncate")],
)  # fmt: skip
def test_what_an_open_asks_for(decoded, disposition, options, operation, intent):
    (row,) = decoded([opened(1, DATA, 1, disposition=disposition, options=options)])
    assert (row["operation"], row.get("intent"), row["path"]) == (operation, intent, "C:\\data")


def test_reads_and_writes_have_the_name_of_the_object_at_their_moment(decoded):
    rows = decoded(
        [
            opened(5, DATA, 1),
            moved(5, 10, 2),
            moved(5, 20, 3),
            opened(5, DATA + "2", 60_000_000),
            moved(5, 7, 60_000_001),
        ],
        [moved(5, 8, 120_000_000, write=True), moved(6, 1, 120_000_001)],
    )
    seen = [(r["operation"], r.get("path"), r["bytes"], r.get("quality")) for r in rows if "bytes" in r]
    assert seen == [
        ("file.read", "C:\\data", 30, None),
        ("file.read", "C:\\data2", 7, None),
        ("file.write", "C:\\data2", 8, None),
        ("file.read", None, 1, "unresolved"),
    ]


def test_a_rundown_names_what_was_open_before(decoded):
    rows = decoded([event(FILE, 10, 0, struct.pack("<Q", 99) + wide(DATA), 1), moved(6, 3, 2, key=99)])
    assert [r["path"] for r in rows] == ["C:\\data"]


def test_a_rename_has_both_names_and_the_new_one_stays(decoded):
    info = struct.pack("<QQQQII", 7, 5, 0, 0, 101, 10)
    rows = decoded(
        [
            opened(5, DATA, 1),
            event(FILE, 27, 1, info + wide(DATA + "3"), 2),
            moved(5, 1, 3),
            event(FILE, 26, 1, info + wide(DATA + "3"), 4),
            event(FILE, 28, 1, info + wide(DATA + "4"), 5),
        ]
    )
    assert [(r["operation"], r.get("path"), r.get("path_to")) for r in rows[1:]] == [
        ("file.rename", "C:\\data", "C:\\data3"), ("file.read", "C:\\data3", None), ("file.delete", "C:\\data3", None), ("file.link", "C:\\data3", "C:\\data4"),
    ]  # fmt: skip


def test_the_result_of_a_request_is_its_outcome(decoded):
    def end(irp: int, status: int, tick: int) -> bytes:
        return event(FILE, 24, 0, struct.pack("<QQI", irp, 0, status), tick)

    rows = decoded(
        [
            opened(1, DATA, 1, irp=1),
            end(1, 0, 2),
            opened(2, DATA, 3, irp=1),
            end(1, 0xC0000022, 4),
            opened(3, DATA, 5, irp=1),
            end(2, 0, 6),
        ]
    )
    assert [r.get("outcome") for r in rows] == ["success", "denied", None]


def test_names_are_bounded(decoded, monkeypatch):
    monkeypatch.setattr(files, "MOST_NAMES", 5)
    decoded.decoder._files._names._limit = 5
    decoded(*([opened(n, f"{DATA}{n}", n)] for n in range(1, 40)))
    assert len(decoded.decoder._files._pool) <= 11
    assert decoded.decoder.names_forgotten == 34
    (row,) = decoded([moved(39, 1, 99)])
    assert row["path"] == "C:\\data39"
