"""Exports from a real lake: once, following, several at a time, and dead letters again."""

from __future__ import annotations

import json

import pytest

from lictor.errors import LictorError
from lictor.exporting import running
from lictor.exporting.model import Destination, names
from lictor.exporting.stopping import Stop
from pipeline.export.dead import DeadLetters
from pipeline.export.errors import ExportError
from pipeline.export.status import read
from tests.receivers.http import answer_json, receiver


def to_file(path, **change):
    return Destination(**{"name": path.stem, "to": f"file://{path}", "format": "json", **change})


def numbers(path):
    return [json.loads(line).get("seq") for line in path.read_text().splitlines()]


def elastic(bad):
    """An index that refuses the rows of these numbers."""

    def answer(request):
        documents = request.lines[1::2]
        items = [{"create": {"status": 400 if d.get("seq") in bad else 201}} for d in documents]
        return answer_json(200, {"errors": any(d.get("seq") in bad for d in documents), "items": items})

    return answer


def test_once_is_everything_or_what_is_asked_for(small, tmp_path):
    done = running.once(small, to_file(tmp_path / "a"), Stop(), None).status.status
    assert (sorted(n for n in numbers(tmp_path / "a") if n is not None), done.sent) == (list(range(10)), 11)
    running.once(
        small, to_file(tmp_path / "b", tables=("activity",), where="verdict = 'deny'"), Stop(), 1_790_000_005_000_000
    )
    assert numbers(tmp_path / "b") == [5, 7, 9]
    assert not (small / "export").exists()
    assert not (small / "feeds").exists()


def test_once_that_is_interrupted_says_so(small, tmp_path):
    stop = Stop()
    stop.ask()
    with pytest.raises(LictorError, match="not complete"):
        running.once(small, to_file(tmp_path / "a"), stop, None)


def test_following_goes_on_where_it_ended(small, tmp_path):
    made = to_file(tmp_path / "a", tables=("activity",))
    for _ in range(3):
        running.follow(small, [made], Stop(), print, for_ever=False)
    assert numbers(tmp_path / "a") == list(range(10))
    status = read(small / "export" / "a")
    assert (status.sent, status.state, status.lag_rows) == (10, "stopped", 0)


def test_from_now_leaves_out_what_is_there(small, tmp_path):
    running.follow(small, [to_file(tmp_path / "a", from_now=True)], Stop(), print, for_ever=False)
    assert numbers(tmp_path / "a") == []


def test_dead_receiver_holds_up_nobody_but_itself(small, tmp_path):
    said = []
    away = Destination("away", "syslog+tcp://127.0.0.1:1", "json", give_up=0.1)
    with pytest.raises(LictorError, match="1 destinations failed"):
        running.follow(small, [away, to_file(tmp_path / "a")], Stop(), said.append, for_ever=False)
    assert len(numbers(tmp_path / "a")) == 11
    assert len(said) == 1
    assert "away" in said[0]
    assert (read(small / "export" / "away").state, read(small / "export" / "a").state) == ("failed", "stopped")


def test_defect_ends_all_and_is_not_hidden(small, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(running, "_follow", broken)
    stop = Stop()
    with pytest.raises(ZeroDivisionError):
        running.follow(small, [to_file(tmp_path / "a")], stop, print)
    assert stop()


def test_two_followers_of_one_name_are_refused(small, tmp_path):
    from pipeline.lake.feed import Feed  # noqa: PLC0415 - beside its use

    with Feed(small, "export.a", ["activity"]), pytest.raises(LictorError, match="another process"):
        running.follow(small, [to_file(tmp_path / "a")], Stop(), print, for_ever=False)


def test_refused_events_are_kept_and_sent_again(small):
    with receiver(elastic({3, 4})) as server:
        made = Destination("es", f"elasticsearch+http://127.0.0.1:{server.port}/i", "json", ("activity",))
        running.follow(small, [made], Stop(), print, for_ever=False)
        assert (read(small / "export" / "es").sent, read(small / "export" / "es").dead) == (8, 2)
        server._answer = elastic({4})
        assert running.replay(small, made, Stop()) == (1, 1)
        server._answer = elastic(set())
        assert running.replay(small, made, Stop()) == (1, 0)
    assert DeadLetters(small / "export/es/dead", float).files() == []


def test_replay_that_the_receiver_does_not_take_loses_nothing(small):
    with receiver(elastic({3})) as server:
        made = Destination("es", f"elasticsearch+http://127.0.0.1:{server.port}/i", "json", ("activity",), give_up=0.1)
        running.once(small, made, Stop(), None)
        assert names(small) == ["es"]
    with pytest.raises(ExportError, match="nothing was taken"):
        running.replay(small, made, Stop())
    assert len(DeadLetters(small / "export/es/dead", float).files()) == 1
