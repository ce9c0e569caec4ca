"""Syslog against rsyslog, a real daemon: over UDP, TCP and TLS, with hostile texts, and with the daemon killed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import trustme

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, HOSTILE_IDS, batch
from tests.receivers.rsyslog import Rsyslog, free_port


@pytest.fixture
def start(tmp_path):
    made = []

    def started(kind, **settings):
        made.append(Rsyslog(tmp_path, kind, **settings))
        return made[-1]

    yield started
    for daemon in made:
        daemon.stop()


@pytest.fixture
def certificates(tmp_path):
    """PEM files of an authority, of a server called localhost, of a client, and of an authority that nobody trusts."""
    authority, other = trustme.CA(), trustme.CA()
    files = {}
    for name, issuer in (("server", authority), ("client", authority), ("stranger", other)):
        made = issuer.issue_cert("localhost" if name == "server" else f"{name}.example")
        files[name] = str(tmp_path / f"{name}.pem")
        files[f"{name}_key"] = str(tmp_path / f"{name}.key")
        made.cert_chain_pems[0].write_to_path(files[name])
        made.private_key_pem.write_to_path(files[f"{name}_key"])
    for name, issuer in (("ca", authority), ("other_ca", other)):
        files[name] = str(tmp_path / f"{name}.pem")
        issuer.cert_pem.write_to_path(files[name])
    return files


def texts(daemon, count):
    return [m["msg"].lstrip(" ") for m in daemon.received(count)]


def hostile():
    return batch(payloads=HOSTILE, ids=HOSTILE_IDS)


@pytest.mark.parametrize(("kind", "framing"), [("udp", None), ("tcp", "octet-counting"), ("tcp", "newline")])
def test_every_text_arrives_as_one_message(start, kind, framing):
    daemon = start(kind)
    sink = open_sink(f"syslog+{kind}://127.0.0.1:{daemon.port}", Settings({"framing": framing} if framing else {}))
    assert not len(sink.send(hostile()).retry)
    sink.close()
    assert texts(daemon, len(HOSTILE)) == HOSTILE
    assert len(daemon.received()) == len(HOSTILE)


def test_header_and_structured_data_are_read_as_they_were_meant(start):
    daemon = start("tcp")
    options = {"facility": "authpriv", "pen": "99999", "app": "audit", "tag.site": 'a"b\\c]d'}
    sink = open_sink(f"syslog+tcp://127.0.0.1:{daemon.port}", Settings(options))
    sink.send(batch(6, ids=HOSTILE_IDS[:6], hosts=["box", "b ox", "bö", None, "x" * 300, "a\nb"]))
    found = daemon.received(6)
    assert [m["pri"] for m in found] == [str(10 * 8 + s) for s in (6, 5, 4, 3, 2, 6)]
    assert [m["host"] for m in found] == ["box", "b_ox", "b_", "-", "x" * 255, "a_b"]
    assert {(m["app"], m["msgid"]) for m in found} == {("audit", "activity")}
    assert found[0]["time"].startswith("2026-09-21T14:13:20.123456")
    assert found[0]["sd"] == '[lictor@99999 id="a\\"b" site="a\\"b\\\\c\\]d"]'
    assert found[4]["sd"] == '[lictor@99999 id="x\\"\\] forged=\\"1" site="a\\"b\\\\c\\]d"]'


def test_tls_with_an_own_authority(start, certificates):
    c = certificates
    daemon = start("tls", ca=c["ca"], cert=c["server"], key=c["server_key"])
    to = f"syslog+tls://localhost:{daemon.port}?ca={c['ca']}&cert={c['client']}&key={c['client_key']}"
    sink = open_sink(to, Settings())
    for n in range(3):
        assert not len(sink.send(batch(1000, first=1000 * n, size=600)).retry)
    assert [json.loads(t)["n"] for t in texts(daemon, 3000)] == list(range(3000))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ca": "other_ca", "cert": "client", "key": "client_key"}, "certificate refused"),
        ({"cert": "client", "key": "client_key"}, "certificate refused"),
        (
            {"ca": "ca", "cert": "client", "key": "client_key", "server_name": "elsewhere.example"},
            "certificate refused",
        ),
        ({"ca": "ca"}, ""),
        ({"ca": "ca", "cert": "stranger", "key": "stranger_key"}, ""),
    ],
    ids=["wrong authority", "system's authorities", "wrong name", "no client certificate", "stranger's certificate"],
)
def test_tls_without_trust_delivers_nothing(start, certificates, options, said):
    c = certificates
    daemon = start("tls", ca=c["ca"], cert=c["server"], key=c["server_key"])
    given = {k: c.get(v, v) for k, v in options.items()}
    sink = open_sink(f"syslog+tls://localhost:{daemon.port}", Settings({**given, "timeout": "10s"}))
    outcome = sink.send(batch(10))
    assert list(outcome.retry) == list(range(10))
    assert said in outcome.reason
    assert daemon.received() == []


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_daemon_killed_in_the_middle_of_a_batch_loses_nothing(start, certificates, kind):
    c = certificates
    settings = {"ca": c["ca"], "cert": c["server"], "key": c["server_key"]} if kind == "tls" else {}
    daemon = start(kind, **settings)
    options = {"ca": c["ca"], "cert": c["client"], "key": c["client_key"]} if kind == "tls" else {}
    sink = open_sink(f"syslog+{kind}://localhost:{daemon.port}", Settings(options))
    assert not len(sink.send(batch(100)).retry)
    daemon.freeze()
    daemon.kill_soon()
    big = batch(20_000, first=100, size=600)
    outcome = sink.send(big)
    assert len(outcome.retry) == len(big)
    outcome = sink.send(big)
    assert "refused" in outcome.reason.lower()
    daemon.kill()
    daemon.start()
    assert not len(sink.send(big).retry)
    seen = [json.loads(t)["n"] for t in texts(daemon, 20_000)]
    assert set(seen) >= set(range(100, 20_100))
    assert len(seen) - len(set(seen)) <= 20_000 + 100


def test_batch_after_which_the_daemon_is_found_dead_is_sent_once_more(start):
    daemon = start("tcp")
    sink = open_sink(f"syslog+tcp://127.0.0.1:{daemon.port}", Settings())
    sink.send(batch(5))
    daemon.received(5)
    daemon.kill()
    daemon.out.unlink()
    assert len(sink.send(batch(5, first=5)).retry) == 5
    daemon.start()
    assert not len(sink.send(batch(5, first=5)).retry)
    assert [json.loads(t)["n"] for t in texts(daemon, 10)] == list(range(10))


def test_datagrams_to_nobody_come_again_and_too_large_ones_never():
    sink = open_sink(f"syslog+udp://127.0.0.1:{free_port()}", Settings({"largest": "1000"}))
    outcomes = [sink.send(batch(payloads=['{"a":1}', '{"a":"' + "x" * 2000 + '"}'])) for _ in range(2)]
    assert outcomes[0].dead == ((1, "the message is larger than a datagram of 1000 bytes"),)
    outcome = sink.send(batch(3))
    assert np.array_equal(outcome.retry, np.arange(3)) or any("refused" in o.reason for o in outcomes)


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("syslog+tls://h?ca=/nowhere", {}, "authority"),
        ("syslog+tls://h", {"key": "/k"}, "add option cert"),
        ("syslog+tcp://h?facility=nobody", {}, "one of kern"),
        ("syslog+tcp://h?framing=none", {}, "octet-counting"),
        ("syslog+tcp://h", {"tag.a b": "x"}, "32 printable"),
        ("syslog+tcp://h", {"tag.a=b": "x"}, "32 printable"),
        ("syslog+tcp://h?app=a%20b", {}, "48 printable"),
        ("syslog+tcp://h?server_name=x", {}, "unknown option"),
        ("syslog+udp://h?timeout=3s", {}, "unknown option"),
        ("syslog+tcp://:514", {}, "no host"),
    ],
)
def test_bad_options_are_refused_in_one_line(url, options, said):
    with pytest.raises(ExportError, match=said) as error:
        open_sink(url, Settings(options))
    assert "\n" not in str(error.value)


def test_authority_that_is_no_certificate(tmp_path):
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(ExportError, match="authority"):
        open_sink(f"syslog+tls://h?ca={tmp_path}/ca.pem", Settings())
