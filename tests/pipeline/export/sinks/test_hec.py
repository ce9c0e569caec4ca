"""Splunk's collector against a server that answers as Splunk documents: codes, invalid event numbers, acknowledgements."""

from __future__ import annotations

import json

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, HOSTILE_IDS, batch
from tests.receivers.http import answer_json, receiver


class Splunk:
    """A collector: ``token`` must be right; with ``ack`` each request gets a number that ``indexed`` confirms."""

    def __init__(self, *, ack=False, bad=(), lose=0):
        self.ack, self.bad, self.lose = ack, bad, lose
        self.events, self.channels, self.numbers, self.asked = [], {}, 0, 0
        self.next: list = []

    def __call__(self, request):
        if request.headers.get("authorization") != "Splunk t0ken":
            return answer_json(403, {"text": "Invalid token", "code": 4})
        if request.path.startswith("/services/collector/ack"):
            return self._acks(request)
        assert request.path == "/services/collector/event"
        if self.next:
            return self.next.pop(0)
        found = request.lines
        for number, event in enumerate(found):
            if event["event"].get("n") in self.bad:
                return answer_json(400, {"text": "Invalid data format", "code": 6, "invalid-event-number": number})
        if self.ack:
            return self._numbered(request, found)
        self.events += found
        return answer_json(200, {"text": "Success", "code": 0})

    def _numbered(self, request, found):
        number, self.numbers = self.numbers, self.numbers + 1
        if self.lose:
            self.lose -= 1
        else:
            self.channels.setdefault(request.headers["x-splunk-request-channel"], {})[number] = found
        return answer_json(200, {"text": "Success", "code": 0, "ackId": number})

    def _acks(self, request):
        self.asked += 1
        channel = request.path.partition("channel=")[2]
        wanted = json.loads(request.body)["acks"]
        indexed = self.channels.get(channel, {})
        if self.asked % 2:  # the first look is always too early
            return answer_json(200, {"acks": {str(n): False for n in wanted}})
        said = {}
        for number in wanted:
            found = indexed.pop(number, None)
            said[str(number)] = found is not None
            self.events += found or []
        return answer_json(200, {"acks": said})


def sink_for(server, options=None, **settings):
    return open_sink(f"splunk+http://127.0.0.1:{server.port}", Settings(options or {}, {"token": "t0ken"}, **settings))


def test_events_arrive_with_time_host_id_and_as_they_were():
    splunk = Splunk()
    with receiver(splunk) as server:
        sink = sink_for(server, {"index": "ai", "sourcetype": "ocsf"})
        assert not len(sink.send(batch(payloads=HOSTILE, ids=HOSTILE_IDS, hosts=['bo"x'] * 7)).retry)
        sink.close()
    assert [e["event"] for e in splunk.events] == [json.loads(p) for p in HOSTILE]
    assert [e["fields"]["lictor_id"] for e in splunk.events] == HOSTILE_IDS
    first = splunk.events[0]
    assert (first["host"], first["index"], first["sourcetype"], first["source"]) == ('bo"x', "ai", "ocsf", "lictor")
    assert first["time"] == 1790000000.123456
    assert server.requests[0].headers["content-encoding"] == "gzip"
    assert len(server.requests[0].headers["x-splunk-request-channel"]) == 36


def test_text_formats_travel_as_strings():
    splunk = Splunk()
    lines = ['CEF:0|Lictor|x|1|a|b|5|msg=a\\=b "q" \\\\', "CEF:0|ü|"]
    with receiver(lambda r: (splunk.events.extend(r.lines), answer_json(200, {"code": 0}))[1]) as server:
        sink = sink_for(server, json=False)
        sink.send(batch(payloads=lines, json_payloads=False))
    assert [e["event"] for e in splunk.events] == lines


def test_nothing_counts_before_the_indexer_says_so():
    splunk = Splunk(ack=True)
    with receiver(splunk) as server:
        sink = sink_for(server)
        assert not len(sink.send(batch(5000, size=600)).retry)
        posts = [r for r in server.requests if r.path.endswith("/event")]
    assert len(posts) > 2
    assert all(len(r.body) <= 1.3 * (1 << 20) for r in posts)
    assert sorted(e["event"]["n"] for e in splunk.events) == list(range(5000))
    assert splunk.asked >= 2


def test_what_is_never_acknowledged_comes_again():
    splunk = Splunk(ack=True, lose=1)
    with receiver(splunk) as server:
        sink = sink_for(server, {"ack_timeout": "1s"})
        outcome = sink.send(batch(5000, size=600))
        kept = {e["event"]["n"] for e in splunk.events}
        assert set(outcome.retry) == set(range(5000)) - kept
        assert 0 < len(outcome.retry) < 5000
        assert "not acknowledged" in outcome.reason


def test_end_of_the_export_shortens_the_wait_for_acknowledgements():
    splunk, waits = Splunk(ack=True, lose=1), []
    now = [0.0]

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    with receiver(splunk) as server:
        sink = sink_for(server, stopping=lambda: True, clock=lambda: now[0], sleep=sleep)
        assert len(sink.send(batch(3)).retry) == 3
    assert sum(waits) == pytest.approx(5, abs=0.1)


def test_token_without_acknowledgement_where_it_is_demanded():
    with receiver(Splunk()) as server:
        outcome = sink_for(server, {"ack": "true"}).send(batch(3))
    assert len(outcome.retry) == 3
    assert "acknowledgement" in outcome.reason


def test_one_invalid_event_is_dead_and_the_rest_comes_again_at_once():
    with receiver(Splunk(bad={2})) as server:
        outcome = sink_for(server).send(batch(5))
    assert [p for p, _ in outcome.dead] == [2]
    assert "Invalid data format" in outcome.dead[0][1]
    assert list(outcome.retry) == [0, 1, 3, 4]
    assert outcome.after == 0.0


@pytest.mark.parametrize(
    ("status", "content", "headers", "after", "split"),
    [
        (503, {"text": "Server is busy", "code": 9}, {}, None, False),
        (503, {"text": "Server is busy", "code": 9}, {"Retry-After": "7"}, 7.0, False),
        (500, {"text": "Internal server error", "code": 8}, {}, None, False),
        (403, {"text": "Token disabled", "code": 1}, {}, None, False),
        (400, {"text": "Data channel is missing", "code": 10}, {}, None, False),
        (400, {"text": "Incorrect index", "code": 7}, {}, None, True),
        (413, {"text": "too large"}, {}, None, True),
        (302, {}, {"Location": "http://elsewhere"}, None, False),
    ],
)
def test_refusals_of_the_whole_lose_nothing(status, content, headers, after, split):
    splunk = Splunk()
    splunk.next = [answer_json(status, content, **headers)]
    with receiver(splunk) as server:
        outcome = sink_for(server).send(batch(4))
    assert list(outcome.retry) == [0, 1, 2, 3]
    assert (outcome.dead, outcome.after, outcome.split) == ((), after, split)
    assert str(status) in outcome.reason
    assert splunk.events == []


def test_wrong_token_is_no_fault_of_the_events_and_stays_secret():
    with receiver(Splunk()) as server:
        sink = open_sink(f"splunk+http://127.0.0.1:{server.port}", Settings({}, {"token": "other"}))
        outcome = sink.send(batch(2))
    assert len(outcome.retry) == 2
    assert "other" not in outcome.reason


def test_connection_that_breaks_comes_again():
    with receiver(Splunk()) as server:
        sink = sink_for(server, {"timeout": "2s"})
        server.kill()
        outcome = sink.send(batch(2))
        assert list(outcome.retry) == [0, 1]
        server.start()
        assert not len(sink.send(batch(2)).retry)


def test_answer_without_end_is_cut_off():
    with receiver(lambda _: answer_json(200, {"text": "x" * (9 << 20)})) as server:
        outcome = sink_for(server).send(batch(2))
    assert "more than 8 MiB" in outcome.reason


@pytest.mark.parametrize(
    ("url", "secrets", "said"),
    [
        ("splunk+https://h", {}, "needs a token"),
        ("splunk+https://h?token=x", {}, "a secret is not an option"),
        ("splunk+https://user:pw@h", {"token": "x"}, "may not hold a user"),
        ("splunk+https://h?indx=x", {"token": "x"}, "did you mean 'index'"),
        ("splunk+https://h?ack=maybe", {"token": "x"}, "one of auto"),
        ("splunk+https://h", {"token": "x", "password": "y"}, "takes no secret"),
    ],
)
def test_bad_addresses_are_refused(url, secrets, said):
    with pytest.raises(ExportError, match=said):
        open_sink(url, Settings({}, secrets))
