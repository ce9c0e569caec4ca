from __future__ import annotations

import json
import threading
import time

import pytest

from lictor.alerts.interface import Attempt, Patience
from lictor.alerts.ledger import Ledger
from lictor.alerts.waiting import Waiting
from lictor.alerts.worker import Worker


@pytest.fixture
def quick(monkeypatch):
    """Pauses of a millisecond, or what the target asked for."""
    monkeypatch.setattr("lictor.alerts.worker.pause", lambda _, told=None, *_longest: max(0.001, told or 0))


@pytest.fixture
def work(until):
    """Function: a worker for a target, with its rows so far as ``results()``."""
    made = []

    def make(target, limit=1000):
        ledger, rows = Ledger("h", None), []
        worker = Worker(target, ledger, lambda alert: json.dumps(alert.row).encode(), Waiting(limit))

        def results():
            taken = ledger.take()
            rows.extend(taken.to_pylist() if taken is not None else [])
            return [(row["id"], row["enforcement"], row["evidence"]) for row in rows if row["phase"] == "result"]

        worker.results = results
        worker.intents = lambda: [row["id"] for row in rows if row["phase"] == "intent"]
        worker.settled = lambda count: until(lambda: len(results()) >= count) and results()
        made.append(worker)
        return worker

    yield make
    for worker in made:
        worker.close(0)
        worker.join(2)


def hang(deadline):
    """As a target that never answers does: it comes back when its time is over."""
    while deadline.left() > 0:
        time.sleep(0.005)
    return Attempt("again", "no answer")


def test_no_thread_before_the_first_alert(work, scripted):
    before = threading.active_count()
    work(scripted("delivered"))
    assert threading.active_count() == before


def test_a_delivery_is_confirmed(work, scripted, alert):
    target = scripted("delivered")
    worker, about = work(target), alert()
    worker.put(about)
    ((name, enforcement, evidence),) = worker.settled(1)
    assert (name, enforcement) == (about.id, "confirmed")
    assert evidence.startswith("delivered after 1 try in 0")
    ((document, delivery, left),) = target.tried
    assert (json.loads(document)["id"], delivery) == ("f1", about.id)
    assert 4 < left <= 5


@pytest.mark.usefixtures("quick")
def test_what_fails_is_tried_again_as_the_same_delivery(work, scripted, alert):
    target = scripted(Attempt("again", "HTTP 503"), Attempt("delivered", "HTTP 200"))
    worker, about = work(target), alert()
    worker.put(about)
    ((_, enforcement, evidence),) = worker.settled(1)
    assert enforcement == "confirmed"
    assert evidence.startswith("HTTP 200 after 2 tries in ")
    assert [delivery for _, delivery, _ in target.tried] == [about.id, about.id]


@pytest.mark.usefixtures("quick")
def test_it_gives_up_after_so_many_tries(work, scripted, alert):
    target = scripted(Attempt("again", "HTTP 503"), patience=Patience(5, 2, 60))
    worker = work(target)
    worker.put(alert())
    ((_, enforcement, evidence),) = worker.settled(1)
    assert (enforcement, len(target.tried)) == ("failed", 3)
    assert evidence.startswith("HTTP 503 after 3 tries in ")


def test_what_is_final_is_not_tried_again(work, scripted, alert):
    target = scripted(Attempt("final", "HTTP 404"))
    worker = work(target)
    worker.put(alert())
    ((_, enforcement, evidence),) = worker.settled(1)
    assert (enforcement, len(target.tried)) == ("failed", 1)
    assert evidence.startswith("HTTP 404 after 1 try in ")


@pytest.mark.usefixtures("quick")
def test_the_pause_that_a_target_asks_for_is_kept(work, scripted, alert):
    worker, begun = work(scripted(Attempt("again", "HTTP 429", after=0.4), "delivered")), time.monotonic()
    worker.put(alert())
    assert worker.settled(1)[0][1] == "confirmed"
    assert 0.4 <= time.monotonic() - begun < 3


@pytest.mark.usefixtures("quick")
def test_a_pause_beyond_the_total_limit_is_not_begun(work, scripted, alert):
    worker = work(scripted(Attempt("again", "HTTP 429", after=3600), patience=Patience(5, 3, 60)))
    worker.put(alert())
    ((_, enforcement, evidence),) = worker.settled(1)
    assert enforcement == "failed"
    assert evidence.endswith(": the next try would be later than 60 s")


@pytest.mark.usefixtures("quick")
def test_all_tries_together_stay_within_the_total_limit(work, scripted, alert):
    target = scripted(hang, patience=Patience(0.2, 20, 0.5))
    worker, begun = work(target), time.monotonic()
    worker.put(alert())
    assert worker.settled(1)[0][1] == "failed"
    assert 0.4 < time.monotonic() - begun < 2
    assert 2 <= len(target.tried) <= 3


def test_what_a_command_said_is_evidence_and_no_trouble(work, scripted, alert):
    worker = work(scripted(Attempt("final", "exit status 3", output="line 1\nline 2")))
    worker.put(alert())
    ((_, _, evidence),) = worker.settled(1)
    assert evidence.endswith("; it said: line 1\nline 2")
    assert worker.trouble.startswith("exit status 3 after 1 try")
    assert "line" not in worker.trouble


def test_a_defect_is_a_failure_without_its_text_and_the_thread_goes_on(work, scripted, alert):
    def broken(_):
        raise RuntimeError("hunter2")

    worker = work(scripted(broken, Attempt("delivered", "HTTP 200")))
    worker.put(alert())
    worker.put(alert())
    first, second = worker.settled(2)
    assert first[1:] == ("failed", "a defect in Lictor: RuntimeError")
    assert second[1] == "confirmed"
    assert worker.trouble == ""


def test_alerts_go_in_their_order(work, scripted, alert):
    target = scripted("delivered")
    worker = work(target)
    for number in range(50):
        worker.put(alert(str(number), level=number % 5))
    worker.settled(50)
    assert [json.loads(document)["id"] for document, _, _ in target.tried] == [str(n) for n in range(50)]


def test_too_many_make_room_and_are_counted(work, scripted, alert):
    free = threading.Event()

    def wait(_):
        free.wait(10)
        return Attempt("delivered", "ok")

    worker, alerts = work(scripted(wait), limit=3), [alert(str(i), level) for i, level in enumerate((2, 4, 1, 3, 0, 2))]
    worker.put(alerts[0])
    while len(worker._waiting):  # the first is on its way
        time.sleep(0.005)
    for other in alerts[1:]:
        worker.put(other)
    dropped = [(name, text) for name, enforcement, text in worker.results() if enforcement == "failed"]
    assert [name for name, _ in dropped] == [alerts[4].id, alerts[2].id]
    assert {text for _, text in dropped} == {
        "dropped: too many alerts were waiting, and this was the oldest of the least severe"
    }
    assert worker.dropped == 2
    free.set()
    assert {name for name, enforcement, _ in worker.settled(6) if enforcement == "confirmed"} == {
        alerts[i].id for i in (0, 1, 3, 5)
    }


def test_those_of_a_flood_that_could_not_even_wait_are_counted_together(work, scripted):
    worker = work(scripted("delivered"))
    worker.leave_out(700)
    ((name, enforcement, evidence),) = worker.results()
    assert (enforcement, worker.dropped) == ("failed", 700)
    assert evidence == "dropped: too many alerts were waiting, and 700 of this batch were the least"
    assert worker.intents() == [name]


def test_close_gives_what_waits_a_last_try(work, scripted, alert):
    target = scripted(Attempt("again", "HTTP 503"), Attempt("delivered", "HTTP 200"), patience=Patience(5, 3, 3600))
    worker, alerts, begun = work(target), [alert("a"), alert("b")], time.monotonic()
    for each in alerts:
        worker.put(each)
    while not target.tried:
        time.sleep(0.005)
    worker.close(5)  # in the pause before the second try, or just before that pause
    worker.join(5)
    assert [(name, enforcement) for name, enforcement, _ in worker.results()] == [
        (a.id, "confirmed") for a in alerts
    ]  # fmt: skip
    assert time.monotonic() - begun < 2


def test_at_the_end_there_is_one_try_each_and_no_pause(work, scripted, alert):
    closed = threading.Event()

    def refuse(_):
        closed.wait(10)
        return Attempt("again", "HTTP 503")

    target = scripted(refuse)
    worker, begun = work(target), time.monotonic()
    for number in range(20):
        worker.put(alert(str(number)))
    worker.close(5)
    closed.set()
    worker.join(5)
    assert {enforcement for _, enforcement, _ in worker.results()} == {"failed"}
    assert len(worker.results()) == 20
    assert len(target.tried) <= 21  # the first may have been on its way: that was not its last try
    assert time.monotonic() - begun < 2


def test_what_is_left_at_the_end_has_its_rows(work, scripted, alert):
    worker, alerts = work(scripted(hang, patience=Patience(300, 3, 3600))), [alert(str(i)) for i in range(5)]
    for each in alerts:
        worker.put(each)
    while len(worker._waiting) == 5:
        time.sleep(0.005)
    begun = time.monotonic()
    worker.close(0.3)
    worker.join(2)
    assert time.monotonic() - begun < 3
    results = {name: rest for name, *rest in worker.results()}
    assert results[alerts[0].id][0] == "unverified"
    assert results[alerts[0].id][1].startswith("Lictor ended while it was being delivered")
    for other in alerts[1:]:
        assert results[other.id] == ["failed", "Lictor ended before it was delivered"]
    assert sorted(worker.intents()) == sorted(results) == sorted(a.id for a in alerts)


def test_a_target_that_does_not_come_back_holds_up_nobody_and_is_settled_once(work, scripted, alert):
    free = threading.Event()

    def deaf(_):
        free.wait(10)
        return Attempt("delivered", "ok")

    worker, about, begun = work(scripted(deaf)), alert(), time.monotonic()
    worker.put(about)
    while len(worker._waiting):
        time.sleep(0.005)
    worker.close(0.1)
    worker.join(0.2)
    assert time.monotonic() - begun < 3
    free.set()
    worker._thread.join(5)
    assert worker.results() == [(about.id, "unverified", "Lictor ended while it was being delivered")]
