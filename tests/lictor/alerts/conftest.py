"""A real web server with a script of answers, and targets that do as they are told."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pytest

from lictor.alerts.alert import Alert
from lictor.alerts.interface import Attempt, Patience
from pipeline import schema


class Server(ThreadingHTTPServer):
    """Answers each POST with the next of ``script`` (the last one again and again): a status, or (status, headers)."""

    daemon_threads = True

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.seen = []
        self.free = threading.Event()
        """Until it is set, an answer "hang" hangs."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook?a=b"

    def handle_error(self, request, client_address):
        """A client that went away is what some tests are about."""

    def next_answer(self):
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body, time.monotonic()))
        answer = self.server.next_answer()
        if answer == "hang":
            self.server.free.wait(30)
        elif answer == "drip":
            self._drip()
        elif answer != "close":
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    def _drip(self):
        """A byte now and then, for ever: each resets a socket's timeout."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not self.server.free.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """Function: a web server that answers as its script says."""
    made = []

    def make(*script):
        running = Server(script)
        made.append(running)
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        return running

    yield make
    for running in made:
        running.free.set()
        running.shutdown()
        running.server_close()


@dataclass
class Scripted:
    """A target that answers each try with the next of ``answers``; the last one again and again."""

    answers: list
    name: str = "scripted"
    action: str = "webhook"
    patience: Patience = field(default_factory=lambda: Patience(5, 3, 60))
    tried: list = field(default_factory=list)

    def attempt(self, document, delivery, deadline):
        self.tried.append((document, delivery, deadline.left()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(deadline) if callable(answer) else answer


@pytest.fixture
def scripted():
    """Function: a target with a script."""
    return lambda *answers, **more: Scripted([Attempt(a, a) if isinstance(a, str) else a for a in answers], **more)


@pytest.fixture
def alert():
    """Function: an alert about a finding."""

    def make(name="f1", level=2, kind="findings", **columns):
        return Alert(kind, level, "findings", {"id": name, "rule": "r", "agent_run": "run-1", **columns})

    return make


@pytest.fixture
def findings():
    """Function: rows of ``findings`` as the service has them, from (severity, rule) each."""

    def make(*pairs):
        rows = [
            {"id": f"f{i}", "time": 1_700_000_000_000_000 + i, "host": "h", "agent_run": "run-1", "rule": rule,
             "policy": "p", "severity": severity, "title": "t", "evidence": '[{"seq": 1}]'}
            for i, (severity, rule) in enumerate(pairs)
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, schema=schema.lake_schema("findings"))

    return make


@pytest.fixture
def actions():
    """Function: rows of ``actions``, from (phase, action, enforcement) each."""

    def make(*triples):
        rows = [
            {"id": f"a{i}", "time": 1, "phase": phase, "action": action, "enforcement": enforcement, "agent_run": "r"}
            for i, (phase, action, enforcement) in enumerate(triples)
        ]
        return pa.Table.from_pylist(rows, schema=schema.lake_schema("actions"))

    return make


@pytest.fixture
def group_members():
    """Function: the live processes of a process group, as ``/proc`` says; zombies are dead."""

    def find(group):
        found = []
        for place in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, its_group, *_ = place.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(its_group) == group and state not in "ZX":
                found.append(int(place.parent.name))
        return found

    return find


@pytest.fixture
def until():
    """Function: waits for a condition; whether it came true."""

    def wait(condition, seconds=5.0):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.005)
        return condition()

    return wait
