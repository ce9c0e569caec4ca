"""The whole dashboard as a process of its own, and what a browser would say to it."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

COMMAND = [sys.executable, "-c", "from lictor.cli.entry import main; main()", "dashboard"]
ROOT = Path(__file__).parents[3]


@dataclass
class Running:
    """A dashboard that serves."""

    process: subprocess.Popen[str]
    line: str
    folder: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def url(self) -> str:
        return re.sub(r"^dashboard: (https?://[^/]+)/.*$", r"\1", self.line)

    @property
    def link(self) -> str:
        return self.line.removeprefix("dashboard: ")

    @property
    def errors(self) -> str:
        return (self.folder / "stderr").read_text()

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30, **options)

    def next_line(self) -> str:
        """What it prints next, within ten seconds."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 10)[0], "nothing was printed"
        return self.process.stdout.readline().strip()

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def dashboard(folder: Path, *arguments: object, environment: dict[str, str] | None = None) -> Iterator[Running]:
    """``lictor dashboard`` in a working folder of its own."""
    folder.mkdir(exist_ok=True)
    with (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("dashboard: "), (folder / "stderr").read_text()
        running = Running(process, line, folder)
        _wait(running)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _wait(running: Running) -> None:
    """Until it answers: the address is printed when the socket listens, a moment before."""
    until = time.monotonic() + 60
    while True:
        try:
            with running.client(verify=False) as client:
                assert client.get("/healthz").status_code == 200
                return
        except httpx.TransportError:
            assert time.monotonic() < until
            time.sleep(0.1)


def stream(running: Running, client: httpx.Client, **options: Any) -> ClientConnection:
    """Streamlit's WebSocket, with the cookies of a browser."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    xsrf = client.cookies.get("_streamlit_xsrf", "")
    return connect(
        running.url.replace("http", "ws", 1) + "/_stcore/stream", origin=running.url, proxy=None, max_size=None,
        subprotocols=["streamlit", *([xsrf.replace("|", "_")] if xsrf else [])],
        additional_headers={"cookie": cookies} if cookies else {}, **options,
    )  # fmt: skip


def drawn(socket: ClientConnection, page: str = "") -> str:
    """All that a page says, by its messages until it is done."""
    told = BackMsg()
    told.rerun_script.page_name = page
    socket.send(told.SerializeToString())
    said = []
    while True:
        message = ForwardMsg.FromString(socket.recv(timeout=60))
        said.append(str(message))
        if message.WhichOneof("type") == "script_finished":
            return "\n".join(said)
