"""A gate in front of a page and a WebSocket that remember who got through, served by a real server on a real port."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboards.auth import accounts
from dashboards.auth.accounts import AccountsDoor
from dashboards.auth.entrance import Entrance
from dashboards.auth.gate import Gate
from dashboards.auth.interface import Door, Provider
from dashboards.auth.sessions import Sessions
from dashboards.auth.throttle import Throttle
from dashboards.interface import Account, DashboardError, Role

PASSWORD = "correct horse battery"
HTML = {"accept": "text/html"}


def in_a_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run it to its end, in a thread of its own: Playwright keeps a loop running in the one of all tests, once a browser was wanted."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Remembering:
    """A journal in memory; ``broken`` is why nothing can be written."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    broken: str | None = None

    def write(self, account: Account, act: str, **columns: Any) -> None:
        if self.broken:
            raise DashboardError(self.broken)
        self.rows.append({"account": account.name, "source": account.source, "act": act, **columns})

    def told(self) -> list[tuple[str, str, str]]:
        return [(row["act"], row["account"], row["outcome"]) for row in self.rows]


@dataclass
class House:
    """A dashboard behind its gate."""

    port: int
    door: Door
    sessions: Sessions
    journal: Remembering
    clock: Clock
    reached: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def origin(self) -> dict[str, str]:
        return {"origin": self.url}

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, **options)

    def sign_in(self, client: httpx.Client, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return client.post("/sign-in", data={"name": name, "password": password, **more}, headers=self.origin)


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[int]:
    """An ASGI application on a free port, until the end."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="error",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=0,
            **options,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def inside(reached: list[str]) -> Starlette:
    """What the gate protects."""

    async def page(request: Request) -> PlainTextResponse:
        reached.append(request.url.path)
        answer = PlainTextResponse(f"secret of {request.url.path}", headers={"cache-control": "public, max-age=60"})
        answer.set_cookie("inner", "1")
        return answer

    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        reached.append(socket.url.path)
        try:
            while True:
                await socket.send_bytes(b"heard " + await socket.receive_bytes())
        except WebSocketDisconnect:
            reached.append("ended")

    return Starlette(
        routes=[WebSocketRoute("/_stcore/stream", socket), Route("/{path:path}", page, methods=["GET", "POST"])]
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal() -> Remembering:
    return Remembering()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Hashes that cost little: what these tests are about is not how long they take (test_accounts looks at the real ones)."""
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def entries(quick):
    """ann is admin, vic is viewer."""
    return {name: accounts.entry(name, role, PASSWORD) for name, role in (("ann", Role.admin), ("vic", Role.viewer))}


@pytest.fixture
def file(tmp_path, entries):
    """A file of accounts."""
    accounts.write(tmp_path / "accounts.json", entries)
    return tmp_path / "accounts.json"


@pytest.fixture
def build(clock, journal) -> Iterator[Callable[..., House]]:
    """Function: a house with this door."""
    with ExitStack() as stack:

        def built(door: Door, *, provider: Provider | None = None, secure: bool = False, **gate: Any) -> House:
            reached: list[str] = []
            app = inside(reached)
            sessions = Sessions(door.now, 4711, secure=secure, clock=clock)
            entrance = Entrance(door, sessions, journal, secure=secure, provider=provider, throttle=Throttle(clock))
            options = {"host": "127.0.0.1", "secure": secure, **gate}
            app.user_middleware.append(Middleware(Gate, entrance=entrance, sessions=sessions, **options))
            port = stack.enter_context(serving(app))
            return House(port, door, sessions, journal, clock, reached)

        yield built


@pytest.fixture
def house(build, file) -> House:
    """A house that people with an account enter."""
    return build(AccountsDoor(file))


@pytest.fixture
def ann(house) -> Iterator[httpx.Client]:
    """A browser in which ann has signed in."""
    with house.client() as client:
        assert house.sign_in(client, "ann").status_code == 200
        yield client
