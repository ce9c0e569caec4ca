"""The client of all HTTP sinks: TLS, limits of time and size, and several requests as one batch."""

from __future__ import annotations

import ssl
import sys
import time

import pytest
import trustme

from pipeline.export.errors import ExportError
from pipeline.export.sinks import http
from pipeline.export.sinks.address import Options, parse
from pipeline.export.sinks.interface import Outcome, Settings, again
from tests.receivers.events import batch
from tests.receivers.http import Answer, answer_json, receiver


def client(url, **given):
    address = parse(url)
    base, encrypted = http.base_of(address)
    return http.Client(base, Options(address, given, {}), {"X-A": "b"}, time.monotonic, encrypted=encrypted)


def test_body_is_packed_and_headers_are_sent():
    with receiver(lambda _: answer_json(200, {"a": 1})) as server:
        reply = client(f"x+http://127.0.0.1:{server.port}").post("/p", b"hello" * 100, {"X-C": "d"})
    request = server.requests[0]
    assert (reply.ok, reply.json(), request.path, request.body) == (True, {"a": 1}, "/p", b"hello" * 100)
    assert (request.headers["x-a"], request.headers["x-c"]) == ("b", "d")
    assert request.headers["user-agent"].startswith("lictor/")
    assert len(request.raw) < 100


def test_proxies_and_passwords_of_the_environment_are_ignored(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with receiver(lambda _: answer_json(200, {})) as server:
        assert client(f"x+http://127.0.0.1:{server.port}").post("/", b"").ok
    assert "authorization" not in server.requests[0].headers


def test_tls_trusts_the_given_authority_and_name_only(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("siem.example").configure_cert(context)
    ca = str(tmp_path / "ca.pem")
    with receiver(lambda _: answer_json(200, {}), context) as server:
        url = f"x+https://127.0.0.1:{server.port}"
        assert client(url, ca=ca, server_name="siem.example").post("/", b"x").ok
        for given in ({}, {"ca": ca}, {"ca": ca, "server_name": "other.example"}):
            with pytest.raises(http.UnreachableError, match="certificate refused"):
                client(url, **given).post("/", b"x")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [(lambda _: (time.sleep(2), Answer())[1], "in time"), (lambda _: Answer(cut=True), "HTTP|reset|closed")],
)
def test_no_answer_is_said_in_words(answer, said):
    with receiver(answer) as server, pytest.raises(http.UnreachableError, match=said):
        client(f"x+http://127.0.0.1:{server.port}", timeout="500ms").post("/", b"")


def test_nobody_listens():
    with pytest.raises(http.UnreachableError, match="refused"):
        client("x+http://127.0.0.1:1").post("/", b"")


def test_answer_on_one_line_and_cut():
    reply = http.Reply(500, None, b"a\nb\x1b[2J" + b"x" * 1000)
    assert reply.said.startswith("HTTP 500: a b [2J")
    assert len(reply.said) < 320
    assert http.Reply(500, None, b"").said == "HTTP 500"
    with pytest.raises(http.UnreachableError, match="no JSON"):
        reply.json()


def test_parts_stop_where_one_must_come_again():
    asked = []

    def send(part):
        asked.append(part.ids[0].as_py())
        if len(asked) == 1:
            return Outcome(dead=((1, "bad"),))
        return again(part, "busy", 3.0)

    outcome = http.in_parts(batch(6), [(0, 2), (2, 2), (4, 2)], send)
    assert asked == ["boot/ebpf/0", "boot/ebpf/2"]
    assert (list(outcome.retry), outcome.reason, outcome.after, outcome.dead) == (
        [2, 3, 4, 5],
        "busy",
        3.0,
        ((1, "bad"),),
    )


def test_parts_that_are_all_accepted_and_none_at_all():
    assert not len(http.in_parts(batch(4), [(0, 2), (2, 2)], lambda _: Outcome()).retry)
    assert not len(http.in_parts(batch(0), [], lambda _: Outcome()).retry)


def test_fault_of_one_event_is_its_end_and_of_several_is_halved():
    assert http.fault(batch(1), "why").dead == ((0, "why"),)
    assert http.fault(batch(2), "why").split


def test_formats_that_are_no_json():
    with pytest.raises(ExportError, match="--as json"):
        http.need_json(parse("x://h"), Settings(json=False))


def test_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ExportError, match=r"lictor\[export\]"):
        http.library()
