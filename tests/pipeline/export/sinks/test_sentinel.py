"""The Logs Ingestion API against a server that follows its contract, judged by Microsoft's own client library as well."""

from __future__ import annotations

import json
import sys

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, batch
from tests.receivers.http import Answer, answer_json, receiver

PATH = "/dataCollectionRules/dcr-1/streams/Custom-Lictor_CL?api-version=2023-01-01"


class Endpoint:
    """204 for a JSON array of at most 1 MB with the right token, as the service does."""

    def __init__(self):
        self.rows, self.next, self.requests = [], [], 0

    def __call__(self, request):
        self.requests += 1
        if request.headers.get("authorization") != "Bearer t0ken":
            return answer_json(401, {"error": {"code": "InvalidToken"}})
        if self.next:
            return self.next.pop(0)
        if len(request.body) > 1_000_000:
            return answer_json(413, {"error": {"code": "ContentLengthLimitExceeded"}})
        assert request.path == PATH
        assert request.headers["content-type"] == "application/json"
        assert request.headers["content-encoding"] == "gzip"
        self.rows += json.loads(request.body)
        return Answer(204, b"")


def sink_for(server, secrets=None):
    to = f"sentinel+http://127.0.0.1:{server.port}?dcr=dcr-1&stream=Custom-Lictor_CL"
    return open_sink(to, Settings({}, secrets or {"token": "t0ken"}))


def test_rows_arrive_in_calls_of_at_most_one_megabyte():
    endpoint = Endpoint()
    with receiver(endpoint) as server:
        sink = sink_for(server)
        assert not len(sink.send(batch(payloads=HOSTILE)).retry)
        assert not len(sink.send(batch(5000, size=600)).retry)
    assert endpoint.rows[: len(HOSTILE)] == [json.loads(p) for p in HOSTILE]
    assert [r["n"] for r in endpoint.rows[len(HOSTILE) :]] == list(range(5000))
    assert endpoint.requests == 1 + 4


def test_request_is_the_one_that_microsofts_client_makes():
    ingestion = pytest.importorskip("azure.monitor.ingestion", reason="no azure-monitor-ingestion to compare with")
    from azure.core.credentials import AccessToken  # noqa: PLC0415 - with the library
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy  # noqa: PLC0415

    class Credential:
        def get_token(self, *_, **__):
            return AccessToken("t0ken", 2**40)

    endpoint = Endpoint()
    rows = [json.loads(p) for p in HOSTILE[:3]]
    with receiver(endpoint) as server:
        policy = BearerTokenCredentialPolicy(Credential(), "x")
        client = ingestion.LogsIngestionClient(
            f"http://127.0.0.1:{server.port}", Credential(), authentication_policy=policy
        )
        client.upload("dcr-1", "Custom-Lictor_CL", rows, enforce_https=False)
        sink_for(server).send(batch(payloads=HOSTILE[:3]))
    theirs, ours = server.requests
    assert theirs.path == ours.path
    assert json.loads(theirs.body) == json.loads(ours.body) == rows
    for name in ("authorization", "content-type", "content-encoding"):
        assert theirs.headers[name] == ours.headers[name]


@pytest.mark.parametrize(
    ("answer", "after", "split"),
    [
        (answer_json(429, {}, **{"Retry-After": "60"}), 60.0, False),
        (answer_json(503, {}), None, False),
        (answer_json(413, {}), None, True),
        (answer_json(400, {"error": {"code": "InvalidStream"}}), None, True),
        (answer_json(404, {"error": {"code": "NotFound"}}), None, False),
    ],
)
def test_refusals(answer, after, split):
    endpoint = Endpoint()
    endpoint.next = [answer]
    with receiver(endpoint) as server:
        outcome = sink_for(server).send(batch(3))
    assert (list(outcome.retry), outcome.after, outcome.split) == ([0, 1, 2], after, split)


def test_event_that_no_call_can_hold_is_dead():
    with receiver(Endpoint()) as server:
        outcome = sink_for(server).send(batch(payloads=['{"n":1}', json.dumps({"a": "x" * 1_100_000}), '{"n":3}']))
    assert [p for p, _ in outcome.dead] == [1]
    assert "at most" in outcome.dead[0][1]
    assert not len(outcome.retry)


def test_refused_event_alone_is_dead():
    endpoint = Endpoint()
    endpoint.next = [answer_json(400, {"error": {"code": "InvalidTransformOutput"}})]
    with receiver(endpoint) as server:
        outcome = sink_for(server).send(batch(1))
    assert outcome.dead[0][0] == 0
    assert "InvalidTransformOutput" in outcome.dead[0][1]


def test_no_token_from_azure_is_no_fault_of_the_events(monkeypatch):
    identity = pytest.importorskip("azure.identity", reason="no azure-identity")
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415

    def refuse(self, *_, **__):
        raise ClientAuthenticationError("the secret s3cret is wrong")

    monkeypatch.setattr(identity.ClientSecretCredential, "get_token", refuse)
    with receiver(Endpoint()) as server:
        to = f"sentinel+http://127.0.0.1:{server.port}?dcr=d&stream=s&tenant=11111111-1111-1111-1111-111111111111&client=c"
        outcome = open_sink(to, Settings({}, {"client_secret": "s3cret"})).send(batch(1))
    assert len(outcome.retry) == 1
    assert "s3cret" not in outcome.reason
    assert "no token" in outcome.reason


@pytest.mark.parametrize(
    ("url", "secrets", "said"),
    [
        ("sentinel+https://h?dcr=x", {"token": "t"}, "stream"),
        ("sentinel+https://h?dcr=x&stream=s", {"client_secret": "t"}, "tenant and client"),
    ],
)
def test_bad_addresses_are_refused(url, secrets, said):
    with pytest.raises(ExportError, match=said):
        open_sink(url, Settings({}, secrets))


def test_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "azure", None)
    with pytest.raises(ExportError, match=r"pip install 'lictor\[azure\]'"):
        open_sink("sentinel+https://h?dcr=x&stream=s", Settings())
