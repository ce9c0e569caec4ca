"""The status file: counts go on, lag grows with time, and no disk stops an export."""

from __future__ import annotations

import json

from pipeline.export.status import STATUS, Status, StatusFile, moment, read


def test_counts_go_on_over_restarts(tmp_path):
    now = [100.0]
    first = StatusFile(tmp_path, Status("d", "x:", "json"), lambda: now[0])
    first.status.sent, first.status.dead, first.status.last_error = 7, 2, "away"
    first.update(now=True)
    second = StatusFile(tmp_path, Status("d", "y:", "json"), lambda: now[0])
    assert (second.status.sent, second.status.dead, second.status.to, second.status.last_error) == (7, 2, "y:", "")


def test_file_is_written_once_a_second_and_tells_the_lag(tmp_path):
    now = [100.0]
    file = StatusFile(tmp_path, Status("d", "x:", "json", oldest_waiting=40.0), lambda: now[0])
    for moment_, expected in ((100.0, 60.0), (100.5, 60.0), (101.0, 61.0)):
        now[0] = moment_
        file.update()
        assert json.loads((tmp_path / STATUS).read_text())["lag_seconds"] == expected
    assert read(tmp_path).updated == 101.0
    assert Status("d", "x:", "json").lag_seconds(5) == 0


def test_what_cannot_be_read_is_none_and_what_cannot_be_written_is_no_error(tmp_path):
    assert read(tmp_path) is None
    for text in ("{", "[]", '{"sent": 1}'):
        (tmp_path / STATUS).write_text(text)
        assert read(tmp_path) is None
    StatusFile(tmp_path / "nowhere", Status("d", "x:", "json"), lambda: 0.0).update(now=True)
    StatusFile(None, Status("d", "x:", "json"), lambda: 0.0).update(now=True)


def test_fields_of_a_newer_version_are_ignored(tmp_path):
    (tmp_path / STATUS).write_text(json.dumps({"destination": "d", "to": "x:", "format": "json", "new": 1}))
    assert read(tmp_path) == Status("d", "x:", "json")


def test_moments():
    assert (moment(1_790_000_000.5), moment(None)) == ("2026-09-21T14:13:20Z", None)
