"""What silence, losses and blind spells mean in words: never more than is known, and nothing rounded up to all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.keeping import watching

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")


def collectors(*rows):
    fields = [
        ("host", pa.string()),
        ("source", pa.string()),
        ("last", TIME),
        ("delivered", pa.int64()),
        ("lost", pa.int64()),
        ("unknown", pa.int64()),
    ]
    made = [
        {"host": "h", "source": "ebpf", "last": NOW, "delivered": 100, "lost": 0, "unknown": 0} | row for row in rows
    ]
    return watching.collectors(pa.Table.from_pylist(made, pa.schema(fields)), NOW)


def spells(*rows):
    fields = [
        ("host", pa.string()),
        ("since", TIME),
        ("until", TIME),
        ("seconds", pa.int64()),
        ("rebooted", pa.bool_()),
        ("runs", pa.int64()),
        ("named", pa.string()),
    ]
    made = [
        {"host": "h", "since": NOW, "until": NOW, "seconds": 60, "rebooted": False, "runs": 0, "named": None} | row
        for row in rows
    ]
    return watching.spells(pa.Table.from_pylist(made, pa.schema(fields)))


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), "reports"),
        (timedelta(minutes=5), "reports"),
        (timedelta(minutes=6), "late"),
        (timedelta(hours=1), "late"),
        (timedelta(hours=2), "silent"),
    ],
)
def test_a_collectors_state_is_its_age(age, state):
    assert collectors({"last": NOW - age})["state"].to_pylist() == [state]


def test_what_only_reports_losses_is_never_silent():
    table = collectors(
        {"source": "lake", "last": NOW - timedelta(days=9)}, {"source": "policy", "last": NOW - timedelta(days=9)}
    )
    assert watching.silent(table) == 0


def test_the_share_is_unknown_where_a_loss_is():
    assert collectors({"lost": 25, "delivered": 75}, {"unknown": 1}, {"delivered": 0})["share"].to_pylist() == [
        0.75,
        None,
        1.0,
    ]


@given(st.integers(1, 10**12), st.integers(1, 10**6))
def test_a_loss_is_never_rounded_away(delivered, lost):
    tile = watching.tiles(collectors({"delivered": delivered, "lost": lost}), spells())[0]
    assert tile.value != "100 %"
    assert float(tile.value.split()[0]) <= 100 * delivered / (delivered + lost)


def test_tiles_say_what_is_not_known():
    tiles = watching.tiles(collectors({"lost": 3, "unknown": 1}, {"last": NOW - timedelta(days=1)}), spells({}, {}))
    assert [t.value for t in tiles] == ["at most 98.52 %", "≥ 3", "2", "1"]
    assert watching.tiles(collectors({}), spells())[0].value == "100 %"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7200, "2 h"), (93_784, "1 d 2 h"), (None, "")]
)
def test_lengths_have_two_units(seconds, text):
    assert watching.length(seconds) == text


def test_what_could_have_been_missed():
    table = spells({"runs": 2}, {"until": None}, {"rebooted": True}, {}, {"runs": 1, "until": None})
    assert table["missed"].to_pylist() == [
        "all that 2 runs did in it", "all that was done since", "a reboot lies in it: all that was done before and after it",
        "runs that began and ended in it", "all that one run did in it",
    ]  # fmt: skip


def test_a_loss_names_its_kind():
    fields = pa.schema([("class", pa.string()), ("runs", pa.int64())])
    told = watching.losses(pa.Table.from_pylist([{"class": "file", "runs": 1}, {"class": None, "runs": 0}], fields))[
        "missed"
    ].to_pylist()
    assert told[0].startswith("file events of one run:")
    assert told[1].startswith("rows of any kind:")


def test_links_have_a_minute_around_the_spell():
    row = {"host": "h", "since": NOW, "until": NOW + timedelta(hours=1)}
    assert watching.around(row) == {
        "since": "2026-11-26T11:59:00+00:00",
        "until": "2026-11-26T13:01:00+00:00",
        "hosts": "h",
    }
    assert set(watching.around(row | {"until": None, "host": None})) == {"since"}
