"""What is watched of a run: a span around it, and whether it is looked at anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboards.runs import watching

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_run_that_ended_is_shown_with_a_moment_around_it():
    end = START + timedelta(seconds=3)
    since, until = watching.span({"started": START, "ended": end})
    assert since < START
    assert until > end
    assert until - since < timedelta(seconds=4)


def test_what_goes_on_ends_at_a_round_second():
    _, until = watching.span({"started": START, "ended": None})
    assert until.microsecond == 0
    assert timedelta(0) < until - datetime.now(UTC) <= watching.ROUND


def test_what_has_ended_is_not_looked_at_anew():
    assert watching.going({"state": "ended"}) is False


def test_a_page_of_a_run_that_ended_asks_for_no_refresh(stage, lake):
    run = lake.query("SELECT run FROM runs WHERE state = 'ended' LIMIT 1")["run"][0].as_py()
    at = stage.page("run", query={"run": run, "since": "2020-01-01", "until": "nonsense"})
    assert not at.exception
    assert any("cannot be read" in w.value for w in at.warning)
    assert not [b for b in at.button if b.key == "run_again"]
