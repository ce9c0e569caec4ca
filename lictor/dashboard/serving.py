"""Serves the dashboard: the lake and the ports connected, the gate in front, one process until it is ended.

Streamlit runs pages as scripts in threads of this process, so what is installed here is what they find.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

import uvicorn

from dashboards import context, who
from dashboards.auth.accounts import AccountsDoor
from dashboards.auth.interface import Door
from dashboards.auth.link import LinkDoor
from dashboards.auth.provider import ProviderDoor
from dashboards.auth.sessions import Sessions
from dashboards.interface import Account, DashboardError, Ports
from lictor.control.peers import login_of
from lictor.dashboard.journal import LakeJournal
from lictor.dashboard.options import Options, refuse_open
from lictor.dashboard.orders import ControlDeeds
from lictor.dashboard.policy_tools import PolicyTools
from lictor.dashboard.vault import LakeVault
from lictor.errors import LictorError
from lictor.lake import open_lake, open_writer
from lictor.render import say
from lictor.system import here
from pipeline.lake.standing import StandingLake
from queries.catalog import views

ENDING_S = 2
"""How long connections may take to end when the dashboard does."""


def serve(options: Options) -> None:
    """Serve until a signal ends it. Raises ``LictorError`` and ``LakeError`` before anything is served."""
    refuse_open(options)
    lake = _standing(options.lake)
    with _listening(options) as listening, closing(lake), open_writer(options.lake) as writer:
        address = options.address(listening.getsockname()[1])
        door = _door(options, lambda link: print(f"dashboard: {address}sign-in?link={link}", flush=True))
        journal = LakeJournal(writer)
        tools = PolicyTools(open_lake(options.lake))
        bench = open_lake(options.lake)
        context.install(
            Ports(lake, journal, ControlDeeds(), LakeVault(writer), tools, _facts(options), workbench=bench)
        )
        sessions = Sessions(door.now, listening.getsockname()[1], secure=options.secure)
        who.recognise_by(lambda: _looking(sessions))
        server = _Server(_config(options, door, sessions, journal))
        if door.again():
            say(f"the link is good once, for ten minutes; it lets in as {starter()}, with every right")
        else:
            print(f"dashboard: {address}", flush=True)
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends at a signal and returns: uvicorn's own would raise the signal once more, and leave the lake's log as after a crash."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """For the time that it serves; a second signal does not wait for connections."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _standing(folder: Path) -> StandingLake:
    """The lake as pages ask it."""
    if not folder.is_dir():
        raise LictorError(f"{folder}: no lake there yet; lictor run makes one, --lake DIR names another")
    return StandingLake(folder, views=views(), report=say)


def _door(options: Options, tell: Callable[[str], None]) -> Door:
    try:
        if options.provider is not None:
            return ProviderDoor(options.provider)
        if options.accounts is not None:
            return AccountsDoor(options.accounts)
    except DashboardError as error:
        raise LictorError(str(error)) from error
    return LinkDoor(starter(), tell)


def starter() -> str:
    """Who started this: who had logged in, where that is known, and not what sudo made of them."""
    return login_of(os.getpid()) or here.user_name(here.own_uid())


def _listening(options: Options) -> socket.socket:
    """The socket, bound before anything is said of it."""
    try:
        found = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listening = socket.create_server(address[:2], family=family, backlog=128)
    except OSError as error:
        raise LictorError(
            f"{options.host}:{options.port} cannot be listened on: {error.strerror}; --host and --port choose another"
        ) from error
    listening.setblocking(False)
    return listening


def _looking(sessions: Sessions) -> Account | None:
    """Who looks at the page that is drawn in this thread. The gate has seen to it that the connection is theirs."""
    import streamlit as st  # noqa: PLC0415 - takes a second, and what is wrong with the options is told before

    try:
        return sessions.find(st.context.cookies.get(sessions.cookie))
    except DashboardError:
        return None


def _config(options: Options, door: Door, sessions: Sessions, journal: LakeJournal) -> uvicorn.Config:
    from starlette.middleware import Middleware  # noqa: PLC0415 - see above
    from streamlit.web.server.starlette import App  # noqa: PLC0415 - see above

    from dashboards import appearance, first_page  # noqa: PLC0415 - see above
    from dashboards.auth import headers  # noqa: PLC0415 - see above
    from dashboards.auth.entrance import Entrance  # noqa: PLC0415 - see above
    from dashboards.auth.gate import Gate  # noqa: PLC0415 - see above

    appearance.apply()
    names = set(options.names)
    provider = None
    if isinstance(door, ProviderDoor):
        from dashboards.auth.oidc import OpenIdProvider  # noqa: PLC0415 - only where it is wanted

        provider = OpenIdProvider(door, secure=options.secure)
        names.add(door.settings.public_name)
    entrance = Entrance(door, sessions, journal, secure=options.secure, provider=provider)
    pages = first_page.framed(first_page.streamlit_page())
    gate = Middleware(
        Gate, entrance=entrance, sessions=sessions, host=options.host, names=frozenset(names), secure=options.secure,
        policy=headers.for_pages(pages["/"]),
    )  # fmt: skip
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    app = App(appearance.ENTRY, middleware=[gate, Middleware(first_page.FirstPage, pages=pages)])
    return uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False,
        ssl_certfile=options.certificate, ssl_keyfile=options.key, timeout_graceful_shutdown=ENDING_S,
        proxy_headers=options.behind_proxy, ws_max_size=1 << 24,
    )  # fmt: skip


def _facts(options: Options) -> list[tuple[str, str]]:
    return [
        ("Lictor", version("lictor")),
        ("Lake", str(options.lake.resolve())),
        ("Dashboard on", socket.gethostname()),
    ]
