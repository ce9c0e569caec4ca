"""Posts an alert to a web server: one request on one connection, within one time limit.

Each try runs in a thread of its own, since neither the look-up of a name nor a server that drips single bytes heeds a
socket's timeout; the limit here counts for all of it together. The standard library's client is enough for that: it
follows no redirects and takes no proxy from the environment, and the pauses between tries are the worker's, who can be
woken from them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from lictor.alerts.interface import Attempt, Deadline, Patience
from pipeline.export.backoff import retry_after

if TYPE_CHECKING:
    from lictor.alerts.model import Webhook

SIGNATURE, DELIVERY = "X-Lictor-Signature", "X-Lictor-Delivery"

_AGAIN = (408, 429)
"""Refusals of the moment; every other 4xx says that the request itself is wrong."""

_LOOK_S = 0.1
"""How soon it is noticed that a deadline was brought forward."""


def signature(secret: str, body: bytes) -> str:
    """Value of the signature header: HMAC-SHA256 of the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class WebhookTarget:
    """A web server that gets alerts; used by one thread."""

    action = "webhook"

    def __init__(self, settings: Webhook, version: str) -> None:
        self.name = settings.name
        self.patience = Patience.of(settings.timeout, settings.retries, settings.within)
        self._address = urlsplit(settings.url)
        self._headers = {"Content-Type": "application/json", "User-Agent": f"lictor/{version}", "Connection": "close"}
        self._headers |= settings.headers
        self._secret = settings.secret
        self._tls = ssl.create_default_context() if self._address.scheme == "https" else None
        self._stuck: threading.Thread | None = None

    def attempt(self, document: bytes, delivery: str, deadline: Deadline) -> Attempt:
        """One POST; delivered with any 2xx, never tried again after another 3xx or 4xx than 408 and 429."""
        if self._stuck is not None and not _ended(self._stuck, deadline):
            return Attempt("again", "the try before has not come back")  # one at most hangs about
        self._stuck = None
        seconds = deadline.left()
        headers = self._headers | {DELIVERY: delivery}
        if self._secret is not None:
            headers[SIGNATURE] = signature(self._secret, document)
        # The socket's own limit is the longer one: it only makes sure that an abandoned thread ends.
        call = _Call(self._connection(seconds + 1), _path(self._address), document, headers)
        thread = threading.Thread(target=call.run, name=f"lictor-webhook-{self.name}", daemon=True)
        thread.start()
        if not _ended(thread, deadline):
            call.abandon()
            self._stuck = thread
            return Attempt("again", f"no answer within {seconds:.3g} s")
        return call.attempt

    def _connection(self, seconds: float) -> HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        if self._tls is not None:
            return HTTPSConnection(host, port, timeout=seconds, context=self._tls)
        return HTTPConnection(host, port, timeout=seconds)


class _Call:
    """One request; ``attempt`` is how it came out, once ``run`` has ended."""

    def __init__(self, connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> None:
        self._connection = connection
        self._request = path, body, headers
        self.attempt = Attempt("again", "no answer")

    def run(self) -> None:
        """Send it and read the status; what follows the headers is not waited for."""
        path, body, headers = self._request
        try:
            self._connection.request("POST", path, body, headers)
            self.attempt = _answer(self._connection.getresponse())
        except (OSError, HTTPException, ValueError) as error:
            self.attempt = _failure(error)
        finally:
            self._connection.close()

    def abandon(self) -> None:
        """Wake the thread out of whatever it waits for on its socket."""
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not TLS's own, which is not made for two threads


def _ended(thread: threading.Thread, deadline: Deadline) -> bool:
    while thread.is_alive() and (left := deadline.left()) > 0:
        thread.join(min(_LOOK_S, left))
    return not thread.is_alive()


def _path(address: SplitResult) -> str:
    return (address.path or "/") + (f"?{address.query}" if address.query else "")


def _answer(response: HTTPResponse) -> Attempt:
    status = response.status
    said = f"HTTP {status}"
    if 200 <= status < 300:
        return Attempt("delivered", said)
    if 300 <= status < 400:
        return Attempt("final", f"{said}, a redirect, which is not followed: put the new address into the file")
    if status >= 500 or status in _AGAIN:
        return Attempt("again", said, retry_after(response.getheader("Retry-After")))
    return Attempt("final", said)


def _failure(error: Exception) -> Attempt:
    """What went wrong, in words that never hold the address: it may be a secret."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Attempt("final", f"certificate refused: {error.verify_message}")
    if isinstance(error, TimeoutError):
        return Attempt("again", "no answer in time")
    if isinstance(error, socket.gaierror):
        return Attempt("again", f"name not resolved: {error.strerror}")
    if isinstance(error, ssl.SSLError):
        return Attempt("again", f"TLS failed: {error.reason or type(error).__name__}")
    if isinstance(error, OSError) and error.errno:
        return Attempt("again", os.strerror(error.errno))
    return Attempt("again", f"no HTTP answer ({type(error).__name__})")
