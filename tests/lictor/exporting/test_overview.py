"""What ``lictor export status`` shows."""

from __future__ import annotations

from lictor.exporting.model import Destination
from lictor.exporting.overview import COLUMNS, overview
from pipeline.export.status import Status, StatusFile


def rows(lake, now=1_790_000_060.0, alive=True):
    return overview(lake, lambda: now, lambda _: alive).to_pylist()


def test_lag_grows_while_nobody_writes_and_a_dead_process_is_gone(tmp_path):
    made = Destination("siem", "syslog+tls://h?ca=/x", "cef")
    made.save(tmp_path)
    status = Status(
        "siem",
        "syslog+tls://h",
        "cef",
        "waiting",
        sent=5,
        oldest_waiting=1_790_000_000.0,
        lag_rows=3,
        last_error="away",
    )
    file = StatusFile(made.folder(tmp_path), status, lambda: 1_790_000_001.0)
    status.sent = 5
    file.update(now=True)
    (row,) = rows(tmp_path)
    assert list(row) == COLUMNS.names
    assert (row["state"], row["sent"], row["lag_seconds"], row["lag_rows"], row["last_error"]) == (
        "waiting",
        5,
        60.0,
        3,
        "away",
    )
    assert rows(tmp_path, alive=False)[0]["state"] == "gone"


def test_destination_that_never_ran_and_none_at_all(tmp_path):
    assert rows(tmp_path) == []
    Destination("a", "file:///x?keep=3", "json").save(tmp_path)
    (row,) = rows(tmp_path)
    assert (row["to"], row["state"], row["sent"], row["updated"]) == ("file:///x", "stopped", 0, None)
