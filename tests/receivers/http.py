"""A small HTTP server for tests: it keeps every request, answers as it is told, and can be killed and started again."""

from __future__ import annotations

import gzip
import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self):
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.split(b"\n") if line]


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Close the connection instead of answering."""


class HttpReceiver:
    """``answer`` is called with each request; what it says is sent back."""

    def __init__(self, answer, tls=None):
        self.requests: list[Request] = []
        self._answer, self._tls = answer, tls
        self.port = 0
        self._server = None
        self.start()

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, raw)
                said = receiver._answer(request)
                receiver.requests.append(request)
                if said.cut:
                    self.close_connection = True
                    return
                self.send_response(said.status)
                for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass

            def shutdown_request(self, request):
                receiver._open.discard(request)
                super().shutdown_request(request)

            def process_request(self, request, client_address):
                receiver._open.add(request)
                super().process_request(request, client_address)

        self._open = set()
        for _ in range(100):
            try:
                self._server = Server(("127.0.0.1", self.port), Handler)
                break
            except OSError:
                time.sleep(0.05)
        self.port = self._server.server_address[1]
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def kill(self):
        """Nobody listens any more, and open connections break."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            for connection in list(self._open):
                with suppress(OSError):
                    connection.shutdown(2)
            self._server = None


@contextmanager
def receiver(answer, tls=None):
    made = HttpReceiver(answer, tls)
    try:
        yield made
    finally:
        made.kill()


def answer_json(status, content, **headers):
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **headers})
