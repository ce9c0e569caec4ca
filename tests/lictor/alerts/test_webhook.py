from __future__ import annotations

import errno
import hashlib
import hmac
import os
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from lictor.alerts.interface import Deadline
from lictor.alerts.model import Webhook
from lictor.alerts.webhook import WebhookTarget, signature

DOCUMENT = b'{"kind": "finding"}'


def target(url, **more):
    return WebhookTarget(Webhook("soc", url, ("findings",), **more), "1.2")


def attempt(url, seconds=5.0, **more):
    return target(url, **more).attempt(DOCUMENT, "delivery-1", Deadline(seconds))


def threads():
    return [t for t in threading.enumerate() if t.name == "lictor-webhook-soc"]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_delivered(server, status):
    found = attempt(server(status).url)
    assert (found.came, found.said) == ("delivered", f"HTTP {status}")


def test_the_request_is_one_post_of_the_document(server):
    running = server(200)
    attempt(running.url, headers={"Authorization": "Bearer t"})
    ((path, headers, body, _),) = running.seen
    assert (path, body) == ("/hook?a=b", DOCUMENT)
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "lictor/1.2"
    assert headers["X-Lictor-Delivery"] == "delivery-1"
    assert headers["Authorization"] == "Bearer t"
    assert headers["Host"] == f"127.0.0.1:{running.server_address[1]}"
    assert "X-Lictor-Signature" not in headers


def test_the_body_is_signed(server):
    running = server(200)
    attempt(running.url, secret="kéy")
    ((_, headers, body, _),) = running.seen
    mac = hmac.new("kéy".encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Lictor-Signature"] == f"sha256={mac}"


def test_the_signature_is_that_of_another_implementation():
    command = ["openssl", "dgst", "-sha256", "-hmac", "key", "-r"]
    said = subprocess.run(command, input=DOCUMENT, capture_output=True, check=True).stdout.decode()
    assert signature("key", DOCUMENT) == f"sha256={said.split()[0]}"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(server, status):
    found = attempt(server(status).url)
    assert (found.came, found.said, found.after) == ("again", f"HTTP {status}", None)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_handed_on(server, status):
    assert attempt(server((status, {"Retry-After": "17"})).url).after == 17


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_a_wrong_request_stays_wrong(server, status):
    found = attempt(server(status).url)
    assert (found.came, found.said) == ("final", f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server, status):
    other = server(200)
    found = attempt(server((status, {"Location": other.url})).url)
    assert found.came == "final"
    assert f"HTTP {status}, a redirect" in found.said
    assert other.seen == []


def test_a_server_that_hangs_costs_its_time_limit(server, until):
    running = server("hang")
    hook, begun = target(running.url), time.monotonic()
    found = hook.attempt(DOCUMENT, "d", Deadline(0.3))
    took = time.monotonic() - begun
    assert (found.came, found.said) == ("again", "no answer within 0.3 s")
    assert 0.3 <= took < 2
    assert until(lambda: not threads(), 2)  # woken, although the server still hangs


def test_a_server_that_drips_costs_no_more(server, until):
    begun = time.monotonic()
    found = attempt(server("drip").url, 0.3)
    assert found.came == "again"
    assert time.monotonic() - begun < 2
    assert until(lambda: not threads(), 2)


def test_a_deadline_that_is_brought_forward_is_noticed(server):
    running, deadline, begun = server("hang"), Deadline(30), time.monotonic()
    threading.Timer(0.2, deadline.bring_forward, (0,)).start()
    assert target(running.url).attempt(DOCUMENT, "d", deadline).came == "again"
    assert time.monotonic() - begun < 3


def test_a_look_up_of_a_name_that_hangs_counts_too_and_hangs_only_once(monkeypatch):
    free, asked = threading.Event(), []

    def hang(*_, **__):
        asked.append(1)
        free.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    hook, begun = target("http://nowhere.example/"), time.monotonic()
    assert hook.attempt(DOCUMENT, "d", Deadline(0.2)).said == "no answer within 0.2 s"
    assert hook.attempt(DOCUMENT, "d", Deadline(0.2)).said == "the try before has not come back"
    assert time.monotonic() - begun < 3
    assert len(asked) == len(threads()) == 1
    free.set()
    assert hook.attempt(DOCUMENT, "d", Deadline(5)).said == "name not resolved: try again"


def test_refused_connections_and_closed_ones_are_tried_again(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        found = attempt(f"http://127.0.0.1:{taken.getsockname()[1]}/s3cret")
    assert (found.came, found.said) == ("again", os.strerror(errno.ECONNREFUSED))
    found = attempt(server("close").url)
    assert (found.came, found.said) == ("again", "no HTTP answer (RemoteDisconnected)")


def test_what_is_no_http_is_told(until):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        threading.Thread(target=answer, daemon=True).start()
        found = attempt(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    assert (found.came, found.said) == ("again", "no HTTP answer (BadStatusLine)")


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_no_proxy_of_the_environment_is_asked(server, monkeypatch, variable):
    running, proxy = server(200), server(200)
    monkeypatch.setenv(variable, proxy.url)
    assert attempt(running.url).came == "delivered"
    assert len(running.seen) == 1
    assert proxy.seen == []


@pytest.fixture
def tls(server, tmp_path):
    """A TLS server for the name localhost, and the certificate of its authority."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    running = server(200)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    return running, certificate


def test_a_certificate_of_an_unknown_authority_is_refused_and_nothing_sent(tls):
    running, _ = tls
    found = attempt(f"https://localhost:{running.server_address[1]}/")
    assert found.came == "final"
    assert found.said == "certificate refused: self-signed certificate"
    assert running.seen == []


def test_an_authority_that_the_system_knows_is_enough(tls, monkeypatch):
    running, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    found = attempt(f"https://localhost:{running.server_address[1]}/")
    assert (found.came, found.said) == ("delivered", "HTTP 200")


def test_a_certificate_for_another_name_is_refused(tls, monkeypatch):
    running, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    found = attempt(f"https://127.0.0.1:{running.server_address[1]}/")
    assert found.came == "final"
    assert found.said.startswith("certificate refused: IP address mismatch")
    assert running.seen == []


def test_no_connection_stays_open(server, until):
    running = server(200)
    hook = target(running.url)
    for _ in range(3):
        hook.attempt(DOCUMENT, "d", Deadline(5))
    port = f":{running.server_address[1]:04X}"

    def established():
        lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
        return [line for line in lines if line.split()[2].endswith(port) and line.split()[3] == "01"]

    assert until(lambda: not established())
