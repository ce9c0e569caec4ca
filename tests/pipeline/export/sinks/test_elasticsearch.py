"""Elasticsearch's _bulk against a server with its semantics: create, 409 for what is there, per-document refusals."""

from __future__ import annotations

import base64
import json

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, HOSTILE_IDS, batch
from tests.receivers.http import Answer, answer_json, receiver


class Index:
    """One index: documents by id; ``busy`` and ``bad`` are numbers of documents that are refused now or for good."""

    def __init__(self, busy=(), bad=()):
        self.documents, self.busy, self.bad, self.rights = {}, set(busy), set(bad), []

    def __call__(self, request):
        self.rights.append(request.headers.get("authorization"))
        lines = request.lines
        items = [self._item(action["create"]["_id"], doc) for action, doc in zip(lines[::2], lines[1::2], strict=True)]
        return answer_json(200, {"errors": any(i["create"]["status"] >= 400 for i in items), "items": items})

    def _item(self, name, document):
        if document.get("n") in self.busy:
            error = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
            return {"create": {"status": 429, "error": error}}
        if document.get("n") in self.bad:
            error = {"type": "document_parsing_exception", "reason": "failed to parse\nfield"}
            return {"create": {"status": 400, "error": error}}
        if name in self.documents:
            return {
                "create": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "exists"}}
            }
        self.documents[name] = document
        return {"create": {"status": 201}}


def sink_for(server, options=None, secrets=None):
    return open_sink(f"elasticsearch+http://127.0.0.1:{server.port}/lictor-ai", Settings(options or {}, secrets or {}))


def test_documents_lie_under_their_ids_and_a_repeat_changes_nothing():
    index = Index()
    with receiver(index) as server:
        sink = sink_for(server, {"pipeline": "p 1"})
        events = batch(payloads=HOSTILE, ids=HOSTILE_IDS)
        for _ in range(2):
            outcome = sink.send(events)
            assert (len(outcome.retry), outcome.dead) == (0, ())
    assert index.documents == dict(zip(HOSTILE_IDS, map(json.loads, HOSTILE), strict=True))
    assert server.requests[0].path.startswith("/lictor-ai/_bulk?filter_path=")
    assert server.requests[0].path.endswith("&pipeline=p%201")


def test_each_document_is_judged_alone():
    index = Index(busy={1, 3}, bad={2})
    with receiver(index) as server:
        outcome = sink_for(server).send(batch(5))
    assert list(outcome.retry) == [1, 3]
    assert "es_rejected" in outcome.reason
    assert [p for p, _ in outcome.dead] == [2]
    assert outcome.dead[0][1] == "400 document_parsing_exception: failed to parse field"
    assert len(index.documents) == 2


def test_large_batches_are_several_requests_and_stop_at_a_refusal():
    answers = [answer_json(200, {"errors": False}), answer_json(429, {}, **{"Retry-After": "3"})]
    with receiver(lambda _: answers.pop(0)) as server:
        outcome = sink_for(server).send(batch(4000, size=3000))
        assert len(server.requests) == 2
    assert outcome.after == 3.0
    sent = len(server.requests[0].lines) // 2
    assert list(outcome.retry) == list(range(sent, 4000))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, b"<html>login</html>"), "no JSON"),
        (answer_json(200, {"ok": True}), "not that of _bulk"),
        (answer_json(200, {"errors": True, "items": []}), "every document"),
        (answer_json(200, {"errors": True, "items": [{}, {}]}), "cannot be read"),
        (answer_json(401, {"error": "security_exception"}), "rights"),
        (Answer(cut=True), ""),
    ],
)
def test_answers_that_say_nothing_lose_nothing(answer, said):
    with receiver(lambda _: answer) as server:
        outcome = sink_for(server, {"timeout": "3s"}).send(batch(2))
    assert list(outcome.retry) == [0, 1]
    assert said in outcome.reason


@pytest.mark.parametrize(
    ("options", "secrets", "header"),
    [
        ({}, {"api_key": "a2V5"}, "ApiKey a2V5"),
        ({}, {"token": "t"}, "Bearer t"),
        ({"user": "u"}, {"password": "p"}, "Basic " + base64.b64encode(b"u:p").decode()),
        ({}, {}, None),
    ],
)
def test_rights(options, secrets, header):
    index = Index()
    with receiver(index) as server:
        sink_for(server, options, secrets).send(batch(1))
    assert index.rights == [header]


@pytest.mark.parametrize(
    ("url", "settings", "said"),
    [
        ("elasticsearch+https://h", Settings(), "needs one index"),
        ("elasticsearch+https://h/a/b", Settings(), "needs one index"),
        ("elasticsearch+https://h/a", Settings(json=False), "takes JSON only"),
        ("elasticsearch+https://h/a?user=u", Settings(), "go together"),
    ],
)
def test_bad_addresses_are_refused(url, settings, said):
    with pytest.raises(ExportError, match=said):
        open_sink(url, settings)
