from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import layout, seal
from pipeline.lake.errors import LakeError
from pipeline.lake.feed import Feed
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter

BOTH = ("activity", "coverage")


def seqs(pieces):
    return [s for p in pieces if p.table == "activity" for s in p.rows["seq"].to_pylist()]


def all_of(feed):
    """Everything that is new, committed."""
    pieces = list(feed.read())
    if pieces:
        feed.commit(pieces[-1].position)
    return pieces


@pytest.fixture
def writer(tmp_path):
    with LakeWriter(tmp_path, "vm") as made:
        yield made


def put(writer, part, table="activity"):
    writer.append(table, part)
    writer.sync()


def abandon(writer):
    """What a killed writer leaves: a log that nobody holds."""
    writer.sync()
    writer._sealer.shutdown()
    for wal in [writer._wal, *writer._waiting]:
        if wal:
            wal.close()


def test_a_growing_log_is_followed_and_each_row_comes_once(tmp_path, writer, rows):
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        found = []
        for first in range(0, 50, 10):
            put(writer, rows(10, first))
            found += seqs(all_of(feed))
            if first == 20:
                writer.seal()
        assert found == list(range(50))
        assert all_of(feed) == []


def test_pieces_are_in_lake_types_and_bounded_in_live_and_sealed_logs(tmp_path, writer, rows):
    put(writer, rows(25))
    put(writer, rows(25, 25))
    for sealed in (False, True):
        with Feed(tmp_path, f"f{sealed}", {"activity"}, max_rows=10) as feed:
            pieces = all_of(feed)
            assert max(p.rows.num_rows for p in pieces) <= 10
            assert {p.rows.schema for p in pieces} == {schema.lake_schema("activity")}
            assert sorted(seqs(pieces)) == list(range(50))
            assert set(pieces[0].rows["path"].to_pylist()) <= {f"/data/{i}" for i in range(50)}
        writer.seal()


def test_small_frames_of_one_table_come_together_also_across_logs(tmp_path, writer, rows):
    for first in range(0, 30, 3):
        put(writer, rows(3, first))
        if first == 15:
            writer.seal()
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        [piece] = all_of(feed)
        assert piece.rows.num_rows == 30
        assert all_of(feed) == []


def test_tables_keep_their_order_and_others_are_passed_over(tmp_path, writer, rows):
    put(writer, rows(2))
    put(writer, schema.batch("coverage", {"lost": pa.array([7])}), "coverage")
    put(writer, rows(2, 2))
    with Feed(tmp_path, "a", BOTH) as feed:
        assert [p.table for p in feed.read()] == ["activity", "coverage", "activity"]
    with Feed(tmp_path, "b", {"coverage"}) as feed:
        [piece] = feed.read()
        assert piece.rows["lost"].to_pylist() == [7]


def test_what_was_not_committed_comes_again_and_what_was_does_not(tmp_path, writer, rows):
    for first in range(0, 40, 10):
        put(writer, rows(10, first))
    with Feed(tmp_path, "siem", {"activity"}, max_rows=10) as feed:
        pieces = list(feed.read())
        assert seqs(feed.read()) == list(range(40))
        feed.commit(pieces[1].position)
    with Feed(tmp_path, "siem", {"activity"}, max_rows=10) as feed:
        assert seqs(feed.read()) == list(range(20, 40))
        first = next(iter(feed.read()))
        feed.commit(first.position)
        assert seqs(feed.read()) == list(range(30, 40))


def test_an_older_position_never_takes_a_feed_back(tmp_path, writer, rows):
    put(writer, rows(30))
    with Feed(tmp_path, "siem", {"activity"}, max_rows=10) as feed:
        pieces = list(feed.read())
        feed.commit(pieces[2].position)
        feed.commit(pieces[0].position)
        assert seqs(feed.read()) == []


def test_a_log_that_was_begun_live_is_finished_in_order_after_it_was_sealed(tmp_path, writer, rows):
    put(writer, rows(10))
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        assert seqs(all_of(feed)) == list(range(10))
    put(writer, rows(10, 10))
    writer.seal()
    [link] = (tmp_path / "feeds" / "siem").glob("*.wal")
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        assert seqs(all_of(feed)) == list(range(10, 20))
    assert not link.exists()


def test_half_a_frame_is_not_there_yet(tmp_path, writer, rows):
    put(writer, rows(10))
    [log] = (tmp_path / "wal").iterdir()
    whole = log.read_bytes()
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        assert len(seqs(all_of(feed))) == 10
        put(writer, rows(10, 10))
        after = log.read_bytes()
        os.truncate(log, len(whole) + (len(after) - len(whole)) // 2)
        assert all_of(feed) == []
        log.write_bytes(after)
        assert seqs(all_of(feed)) == list(range(10, 20))


def test_from_now_begins_with_what_comes_after(tmp_path, writer, rows):
    put(writer, rows(5))
    writer.seal()
    put(writer, rows(5, 5))
    with Feed(tmp_path, "siem", {"activity"}, from_now=True):
        pass
    put(writer, rows(5, 10))
    with Feed(tmp_path, "siem", {"activity"}, from_now=True) as feed:
        assert seqs(all_of(feed)) == list(range(10, 15))


def test_late_rows_are_new_rows(tmp_path, writer, rows):
    put(writer, rows(10, 100))
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        all_of(feed)
        put(writer, rows(10))
        assert seqs(all_of(feed)) == list(range(10))


def test_a_writer_that_died_is_read_to_its_last_whole_frame_and_its_loss_is_told(tmp_path, rows):
    writer = LakeWriter(tmp_path, "vm")
    put(writer, rows(10))
    with Feed(tmp_path, "siem", BOTH) as feed:
        all_of(feed)
        put(writer, rows(10, 10))
        abandon(writer)
        [log] = (tmp_path / "wal").iterdir()
        with log.open("ab") as file:
            file.write(log.read_bytes()[:100])
        seal.recover(tmp_path)
        pieces = all_of(feed)
        assert seqs(pieces) == list(range(10, 20))
        assert [p.rows["reason"].to_pylist() for p in pieces if p.table == "coverage"] == [["log_torn"]]
    with Feed(tmp_path, "other", BOTH) as feed:
        pieces = all_of(feed)
        assert sorted(seqs(pieces)) == list(range(20))
        assert [p.rows["reason"].to_pylist() for p in pieces if p.table == "coverage"] == [["log_torn"]]


def test_a_damaged_frame_stops_the_feed_behind_what_can_be_read_or_is_counted(tmp_path, writer, rows, said):
    for first in (0, 10, 20):
        put(writer, rows(10, first))
    [log] = (tmp_path / "wal").iterdir()
    data = bytearray(log.read_bytes())
    places = [i for i in range(len(data)) if data[i : i + 4] == b"LWF1"]
    data[places[2] + 200] ^= 1
    log.write_bytes(data)
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        reading = feed.read()
        piece = next(reading)
        feed.commit(piece.position)
        assert seqs([piece]) == list(range(10))
        with pytest.raises(LakeError, match=rf"{log.name}.*payload is damaged at byte \d+.*skip_damaged"):
            next(reading)
    with Feed(tmp_path, "siem", {"activity"}, skip_damaged=True, report=said) as feed:
        assert seqs(feed.read()) == seqs(feed.read()) == list(range(20, 30))
        assert (feed.skipped, feed.skipped_rows, len(said)) == (1, 10, 1)


def segment_of(root):
    [segment] = [p for p in root.rglob("*.parquet") if p.relative_to(root).parts[0] == "activity"]
    return segment


@pytest.mark.parametrize("harm", ["change", "remove"])
def test_a_segment_that_is_damaged_or_was_removed_is_never_passed_over_in_silence(tmp_path, writer, rows, said, harm):
    put(writer, rows(10))
    writer.seal()
    segment = segment_of(tmp_path)
    if harm == "remove":
        segment.unlink()
    else:
        data = bytearray(segment.read_bytes())
        data[len(data) // 2] ^= 1
        segment.write_bytes(data)
    put(writer, rows(10, 10))
    with Feed(tmp_path, "siem", {"activity"}) as feed, pytest.raises(LakeError, match=segment.name):
        list(feed.read())
    with Feed(tmp_path, "siem", {"activity"}, skip_damaged=True, report=said) as feed:
        assert seqs(all_of(feed)) == list(range(10, 20))
        assert (feed.skipped, feed.skipped_rows) == (1, 10)
        assert len(said) == 1
        assert all_of(feed) == []


def test_logs_removed_with_their_records_before_they_were_read_are_missed(tmp_path, writer, rows):
    put(writer, rows(10))
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        all_of(feed)
        writer.seal()
        all_of(feed)
        for first in (10, 20):
            put(writer, rows(10, first))
            writer.seal()
        (tmp_path / "commits" / f"{writer.name}-2.json").unlink()
        with pytest.raises(LakeError, match=f"logs 2 to 2 of writer {writer.name} were removed before they were read"):
            list(feed.read())


def test_what_was_removed_before_a_feed_was_made_is_no_loss_to_it(tmp_path, writer, rows):
    for first in (0, 10):
        put(writer, rows(10, first))
        writer.seal()
    (tmp_path / "commits" / f"{writer.name}-1.json").unlink()
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        assert sorted(seqs(all_of(feed))) == list(range(10, 20))


def test_a_log_half_read_from_segments_that_is_removed_is_told(tmp_path, writer, rows):
    put(writer, rows(20))
    writer.seal()
    with Feed(tmp_path, "siem", {"activity"}, max_rows=10) as feed:
        feed.commit(next(iter(feed.read())).position)
        assert len(seqs(feed.read())) == 10
        (tmp_path / "commits" / f"{writer.name}-1.json").unlink()
        with pytest.raises(LakeError, match="removed before its rows were read to the end"):
            list(feed.read())


def test_a_lost_link_brings_rows_again_rather_than_losing_any(tmp_path, writer, rows, said):
    put(writer, rows(10))
    with Feed(tmp_path, "siem", {"activity"}, skip_damaged=True, report=said) as feed:
        all_of(feed)
        put(writer, rows(10, 10))
        writer.seal()
        for link in (tmp_path / "feeds" / "siem").glob("*.wal"):
            link.unlink()
        assert sorted(seqs(all_of(feed))) == list(range(20))
        assert "come again" in said[0]


def test_without_hard_links_rows_come_when_their_log_is_sealed(tmp_path, writer, rows, said, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    put(writer, rows(10))
    with Feed(tmp_path, "siem", {"activity"}, report=said) as feed:
        assert all_of(feed) == []
        writer.seal()
        assert sorted(seqs(all_of(feed))) == list(range(10))
    assert "no hard links" in said[0]


def test_two_processes_cannot_follow_under_one_name(tmp_path, writer, run_python):
    script = "import sys; from pipeline.lake.feed import Feed; Feed(sys.argv[1], 'siem', {'activity'})"
    with Feed(tmp_path, "siem", {"activity"}):
        done = run_python(script, tmp_path)
        assert done.returncode
        assert "another process follows as siem: stop it, or choose another name" in done.stderr
    assert run_python(script, tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["", "..", "a/b", "x" * 65, ".hidden"])
def test_a_name_that_is_no_folder_is_refused(tmp_path, name):
    with pytest.raises(LakeError, match="a feed's name"):
        Feed(tmp_path, name, {"activity"})


def test_an_unknown_table_and_a_missing_lake_are_refused(tmp_path):
    with pytest.raises(LakeError, match="no table nonsense"):
        Feed(tmp_path, "siem", {"nonsense"})
    with pytest.raises(LakeError, match="opening the lake"):
        Feed(tmp_path / "none", "siem", {"activity"})


def test_a_lake_that_cannot_be_written_is_refused_in_one_line(tmp_path, writer, run_python):
    """As another user, since root may write everywhere."""
    writer.seal()
    script = """
import os, sys
from pipeline.lake.feed import Feed
from pipeline.lake.errors import LakeError
os.setuid(65534)
try:
    Feed(sys.argv[1], 'siem', {'activity'})
except LakeError as error:
    print(error)
"""
    if os.geteuid():
        pytest.skip("needs root to become another user")
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        shutil.copytree(tmp_path, place / "lake")
        for folder, _, files in os.walk(place):
            os.chmod(folder, 0o755)
            for name in files:
                os.chmod(Path(folder) / name, 0o644)
        done = run_python(script, place / "lake")
        assert "Permission denied while opening a feed: run as a user who may" in done.stdout
    finally:
        shutil.rmtree(place)


def test_queries_see_nothing_of_feeds_and_an_empty_lake_stays_one(tmp_path, rows):
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        assert all_of(feed) == []
    assert Lake(tmp_path).query("SELECT count(*) AS n FROM activity")["n"].to_pylist() == [0]
    with LakeWriter(tmp_path, "vm") as writer, Feed(tmp_path, "siem", {"activity"}) as feed:
        put(writer, rows(3))
        all_of(feed)
        assert Lake(tmp_path).query("SELECT count(*) AS n FROM activity")["n"].to_pylist() == [3]
        with pytest.raises(LakeError):
            Lake(tmp_path).query(f"SELECT * FROM read_text('{tmp_path}/feeds/siem/position.json')")


def test_files_of_a_feed_are_for_their_owner_only(tmp_path, writer, rows):
    put(writer, rows(3))
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        all_of(feed)
    for path in [tmp_path / "feeds", *(tmp_path / "feeds").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_position_stays_small_over_many_writers(tmp_path, rows):
    layout.prepare(tmp_path)
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        for number in range(600):
            writer = LakeWriter(tmp_path, "vm")
            writer.append("activity", rows(1, number))
            abandon(writer)
        seal.recover(tmp_path)
        all_of(feed)
        assert all_of(feed) == []
    folder = tmp_path / "feeds" / "siem"
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        assert all_of(feed) == []
        assert (folder / "position.json").stat().st_size < 20_000
        assert len(list(folder.glob("done-*.json"))) == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 2), st.integers(1, 30)),
        st.tuples(st.just("sync"), st.integers(0, 2), st.none()),
        st.tuples(st.just("seal"), st.integers(0, 2), st.none()),
        st.tuples(st.just("kill"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("read"), st.none(), st.floats(0, 1)),
        st.tuples(st.just("crash"), st.none(), st.floats(0, 1)),
        st.tuples(st.just("reopen"), st.none(), st.none()),
    ),
    max_size=40,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # rows is a function
@given(steps=STEPS, size=st.sampled_from([1, 7, 1000]))
def test_whatever_happens_each_row_comes_once_after_a_commit_and_at_least_once_otherwise(steps, size, rows):
    """Model: rows that writers made durable. ``kept`` were committed by the follower, ``seen`` at least shown to it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        layout.prepare(root)
        writers = [LakeWriter(root, f"h{i}") for i in range(3)]
        feed = Feed(root, "siem", {"activity"}, max_rows=size)
        kept, seen, durable, pending, made = Counter(), set(), set(), {0: [], 1: [], 2: []}, 0

        def read(share, *, commit):
            pieces = list(feed.read())
            part = pieces[: round(len(pieces) * share)] if share < 1 else pieces
            seen.update(seqs(pieces))
            if commit and part:
                feed.commit(part[-1].position)
                kept.update(seqs(part))

        for what, which, more in [*steps, ("read", None, 1.0)]:
            if what == "append":
                writers[which].append("activity", rows(more, made))
                pending[which] += range(made, made + more)
                made += more
            elif what in {"sync", "seal"}:
                getattr(writers[which], what)()
                durable.update(pending[which])
                pending[which] = []
            elif what == "kill":  # rows that were not handed over are gone with it; its log is recovered now or later
                writer = writers[which]
                writer._held.clear()
                writer._held_rows = 0
                abandon(writer)
                pending[which] = []
                if more:
                    seal.recover(root)
                writers[which] = LakeWriter(root, f"h{which}")
            elif what == "read":
                read(more, commit=True)
            elif what == "crash":
                read(more, commit=False)
                feed.close()
                feed = Feed(root, "siem", {"activity"}, max_rows=size)
            else:
                feed.close()
                feed = Feed(root, "siem", {"activity"}, max_rows=size)
            assert max(kept.values(), default=1) == 1
        for which, writer in enumerate(writers):
            writer.close()
            durable.update(pending[which])
        read(1.0, commit=True)
        assert kept == Counter(durable)
        assert seen <= durable
        assert list(feed.read()) == []
        feed.close()
        assert not list((root / "feeds" / "siem").glob("*.wal"))


WRITER = """
import sys, time
from conftest import activity
from pipeline.lake.writer import LakeWriter
first, root = int(sys.argv[1]), sys.argv[2]
w = LakeWriter(root, "vm")
while True:
    for _ in range(5):
        w.append("activity", activity(20, first))
        first += 20
        w.sync()
        print(first, flush=True)
    w.seal()
"""
READER = """
import sys
from pipeline.lake.feed import Feed
with Feed(sys.argv[1], "siem", {"activity"}, max_rows=15) as feed, open(sys.argv[2], "a") as out:
    while True:
        for piece in feed.read():
            print("seen", *piece.rows["seq"].to_pylist(), file=out, flush=True)
            feed.commit(piece.position)
            print("committed", file=out, flush=True)
"""


def killed(script, *arguments, after):
    """Run a child and kill it in the middle; its last line."""
    path = os.pathsep.join([str(Path(__file__).resolve().parents[3]), str(Path(__file__).parent)])
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path},
    ) as child:  # fmt: skip
        time.sleep(after)
        child.send_signal(signal.SIGKILL)
        return child.stdout.read().splitlines()


def test_sigkill_of_writer_and_reader_in_turn_loses_nothing(tmp_path):
    """A piece that was shown but not seen as committed may come once more, as a whole; nothing else comes twice."""
    layout.prepare(tmp_path)
    diary, promised = tmp_path.parent / f"{tmp_path.name}.diary", 0
    random = np.random.default_rng(os.getpid())
    first = 0
    for _ in range(6):
        lines = killed(WRITER, first, tmp_path, after=1.2 + random.random())
        promised += (int(lines[-1]) - first) if lines else 0
        first += 1_000_000
        killed(READER, tmp_path, diary, after=1.0 + random.random())
    seal.recover(tmp_path)
    entries = diary.read_text().splitlines(keepends=True)
    found, again = Counter(), set()
    for entry, following in zip(entries, [*entries[1:], ""], strict=True):
        if entry.startswith("seen") and entry.endswith("\n"):
            numbers = [int(n) for n in entry.split()[1:]]
            found.update(numbers)
            if not following.startswith("committed"):
                again.update(numbers)
    with Feed(tmp_path, "siem", {"activity"}) as feed:
        found.update(seqs(all_of(feed)))
    records = [json.loads(p.read_text()) for p in (tmp_path / "commits").glob("*.json")]
    stored = [r["rows"].get("activity", 0) for r in records]
    assert len(found) == sum(stored) >= promised > 0
    assert {n for n, times in found.items() if times > 1} <= again
