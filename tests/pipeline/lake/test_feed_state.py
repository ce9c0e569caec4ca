from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lake.errors import LakeError
from pipeline.lake.feed_state import DONE, LOG, MAX_RECENT, SEGMENTS, Place, Position, State, joined, order, split


@given(st.lists(st.integers(1, 40)))
def test_ranges_hold_just_the_numbers_that_were_put_in(numbers):
    ranges = joined([(n, n) for n in numbers])
    assert {n for a, b in ranges for n in range(a, b + 1)} == set(numbers)
    assert all(b + 1 < c for (_, b), (c, _) in pairwise(ranges))


def test_a_state_comes_back_as_it_was_saved(tmp_path):
    state = State(tmp_path)
    assert state.new
    state.advance("w-1", Place(DONE))
    state.advance("w-2", Place(LOG, 100, 3))
    state.advance("v-1", Place(SEGMENTS, 1, 7))
    state.save(["w-1", "w-2", "v-1"])
    again = State(tmp_path)
    assert not again.new
    assert [again.at(s) for s in ("w-1", "w-2", "v-1", "x-1")] == [
        Place(DONE), Place(LOG, 100, 3), Place(SEGMENTS, 1, 7), None,
    ]  # fmt: skip


def test_a_log_never_goes_back(tmp_path):
    state = State(tmp_path)
    state.advance("w-1", Place(LOG, 100))
    state.advance("w-1", Place(LOG, 50, 9))
    assert state.at("w-1") == Place(LOG, 100)
    state.advance("w-1", Place(DONE))
    state.advance("w-1", Place(LOG, 200))
    assert state.at("w-1") == Place(DONE)


def test_many_writers_move_to_the_second_file_and_those_that_are_gone_are_forgotten(tmp_path):
    state = State(tmp_path)
    stems = [f"w{i:05}-1" for i in range(MAX_RECENT + 1)]
    for stem in stems:
        state.advance(stem, Place(DONE))
    state.save(stems[10:])
    assert (tmp_path / "position.json").stat().st_size < 200
    again = State(tmp_path)
    assert [s for s in stems if again.at(s) != Place(DONE)] == stems[:10]
    for i in range(MAX_RECENT + 1):
        again.advance(f"v{i:05}-1", Place(DONE))
    again.save([*stems[10:], "v00000-1"])
    assert [p.name for p in tmp_path.glob("done-*")] == ["done-2.json"]
    assert State(tmp_path).at(stems[10]) == State(tmp_path).at("v00000-1") == Place(DONE)


def test_a_writer_in_both_files_keeps_both(tmp_path):
    state = State(tmp_path)
    for i in range(MAX_RECENT + 1):
        state.advance(f"w{i}-1", Place(DONE))
    state.save([f"w{i}-1" for i in range(MAX_RECENT + 1)])
    state.advance("w0-2", Place(DONE))
    for i in range(MAX_RECENT + 1):
        state.advance(f"v{i}-1", Place(DONE))
    state.save([f"w{i}-1" for i in range(MAX_RECENT + 1)])
    assert State(tmp_path).at("w0-1") == State(tmp_path).at("w0-2") == Place(DONE)
    assert State(tmp_path).last_done("w0", 3) == 2
    assert State(tmp_path).last_done("w0", 2) == 1
    assert State(tmp_path).last_done("none", 2) == 0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version":1}', '{"version":1,"generation":1,"commits":1,"caught_up":true,"done":{},"places":{}}'],
)
def test_a_damaged_position_names_its_file_and_the_next_step(tmp_path, text):
    (tmp_path / "position.json").write_text(text)
    with pytest.raises(LakeError, match=r"(position|done-1)\.json: damaged position of a feed .* or remove"):
        State(tmp_path)


def test_a_newer_version_is_not_guessed_at(tmp_path):
    (tmp_path / "position.json").write_text('{"version": 2}')
    with pytest.raises(LakeError, match="newer version"):
        State(tmp_path)


def test_names_of_logs():
    assert split("20260101T000000Z-ab12-10") == ("20260101T000000Z-ab12", 10)
    assert split("strange") == ("strange", 0)
    assert split("w-007") == ("w-007", 0)
    assert sorted(["w-10", "w-9", "v-2"], key=order) == ["v-2", "w-9", "w-10"]


def test_a_chain_of_steps_is_walked_down_to_a_known_one():
    a = Position(None, "w-1", Place(LOG, 1))
    b = Position(a, "w-1", Place(LOG, 2))
    c = Position(b, "w-2", Place(LOG, 3))
    assert [p.part for _, p in c.steps(a)] == [3, 2]
    assert [p.part for _, p in c.steps(None)] == [3, 2, 1]
