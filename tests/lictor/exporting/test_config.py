"""Files of destinations: every fault with its line, all at once."""

from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.exporting.config import read_destinations
from lictor.exporting.model import Destination

GOOD = """\
export: 1
destinations:
  - name: siem
    to: splunk+https://h:8088
    as: ocsf
    tables: [activity, findings]
    where: verdict = 'deny'
    redact: [cmdline]
    options: { index: ai, ack: true, pen: 5 }
    secrets: { token: env:HEC }
    from_now: true
    batch: { events: 100, bytes: 1MiB, seconds: 500ms }
    give_up: 5m
  - { to: "file:///x.jsonl", as: json }
"""


def read(tmp_path, text):
    path = tmp_path / "d.yaml"
    path.write_text(text)
    return read_destinations(path)


def test_everything_that_can_be_said(tmp_path):
    assert read(tmp_path, GOOD) == [
        Destination(
            "siem", "splunk+https://h:8088", "ocsf", ("activity", "findings"), "verdict = 'deny'", ("cmdline",),
            {"index": "ai", "ack": "true", "pen": "5"}, {"token": "env:HEC"}, True, 100, 1 << 20, 0.5, 300.0,
        ),
        Destination("file-x.jsonl", "file:///x.jsonl", "json"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("export: 1", "export: 2", "begins with 'export: 1'"),
        ("    as: ocsf\n", "", ":3:5: 'as' is missing"),
        ("    tables:", "    table:", ":6:.*unknown key 'table'; did you mean 'tables'"),
        ("[cmdline]", "cmdline", ":8:13: 'redact' must be a list"),
        ("from_now: true", "from_now: perhaps", ":11:15: 'from_now' must be true"),
        ("bytes: 1MiB", "bytes: big", ":12:.*'bytes' is 'big'"),
        ("bytes: 1MiB", "rows: 5", "unknown key 'rows'"),
        ("{ to:", "{ name: siem, to:", "'siem' is taken"),
        ("{ token: env:HEC }", "[env:HEC]", "'secrets' must be"),
        ("events: 100", "events: 0", "more than 0"),
        ("destinations:\n", "destinations: []\nx:\n", "unknown key 'x'"),
        ("give_up: 5m", "give_up: true", "'give_up' is True"),
    ],
)
def test_faults_are_said_with_their_place(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(LictorError, match=said):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_file_that_others_can_write_is_refused(tmp_path):
    (tmp_path / "d.yaml").write_text(GOOD)
    (tmp_path / "d.yaml").chmod(0o666)
    with pytest.raises(LictorError, match="chmod go-w"):
        read_destinations(tmp_path / "d.yaml")


def test_several_faults_come_together(tmp_path):
    with pytest.raises(LictorError) as error:
        read(tmp_path, GOOD.replace("[cmdline]", "5").replace("where:", "wher:"))
    assert len(str(error.value).splitlines()) == 2
