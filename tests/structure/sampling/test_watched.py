"""Sequence numbers without a gap but for losses, and coverage that counts what there is."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pyarrow.compute as pc
import pytest

from tools.sampling import moving, watched
from tools.sampling.plan import BLIND


@pytest.fixture
def two(runs):
    found = [r for r in runs if r.sample == "attack" and not r.host.reboots and r.host.name == "build-01"][:2]
    session = moving.recorded("attack")
    return [(moving.moved(session, r), r) for r in found]


def test_numbers_go_on_over_runs_and_skip_what_was_lost(two):
    watch = watched.Watch()
    files = []
    for (rows, run), lost in zip(two, (5, 0), strict=True):
        numbered = watch.number(rows, run, lost)
        files.append(numbered.filter(pc.equal(numbered["class"], "file"))["seq"].to_pylist())
    assert files[0] == list(range(len(files[0])))
    assert files[1][0] == files[0][-1] + 1 + 5


def test_coverage_counts_rows_and_losses(two, now):
    watch = watched.Watch()
    numbered = [watch.number(rows, run, 7) for rows, run in two]
    rows = watched.table(watch.coverage("build-01", now)).to_pylist()
    assert sum(r["delivered"] for r in rows) == sum(n.num_rows for n in numbered)
    lossy = [r for r in rows if r["reason"] == "ring_full"]
    assert [r["lost"] for r in lossy] == [7, 7]
    by_span = {(r["since"], r["class"]): r for r in rows if r["reason"] == "none"}
    for row in lossy:
        counted = by_span[row["since"], "file"]
        assert counted["emitted"] == counted["delivered"] + 7
        assert counted["last_seq"] - counted["first_seq"] + 1 == counted["emitted"]


def test_intervals_join_until_the_host_falls_silent(two, now):
    watch = watched.Watch()
    for rows, run in two:
        watch.number(rows, run)
    spans = sorted({(r["since"], r["until"]) for r in watch.coverage("build-01", now)})
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert spans[-1][1] == now
    assert spans[0][0] == two[0][1].boot.since


def test_a_host_that_reboots_was_not_watched_before(runs, now):
    watch, session = watched.Watch(), moving.recorded("attack")
    for run in [r for r in runs if r.host.reboots]:
        watch.number(moving.moved(session, run), run)
    spans = sorted({(r["since"], r["until"]) for r in watch.coverage("dev-omar", now)})
    assert [b[0] - a[1] for a, b in pairwise(spans) if a[1] != b[0]] == [BLIND]


def test_a_torn_log_says_not_how_much(now):
    (row,) = watched.table([watched.torn("dev-anna", "boot", now)]).to_pylist()
    assert (row["reason"], row["lost"], row["until"] - row["since"]) == ("log_torn", None, timedelta(minutes=4))
