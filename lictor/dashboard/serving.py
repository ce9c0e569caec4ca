"""Serves the dashboard: the lake and the ports connected, the gate in front, one process until it is ended.

Streamlit runs pages as scripts in threads of this process, so what is installed here is what they find.
"""

from __future__ import annotations

import getpass
import logging
import socket
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import uvicorn

from dashboards import context, who
from dashboards.auth.accounts import AccountsDoor
from dashboards.auth.interface import Door
from dashboards.auth.link import LinkDoor
from dashboards.auth.origins import is_loopback
from dashboards.auth.sessions import COOKIE, Sessions
from dashboards.interface import Account, DashboardError, Journal, Ports
from lictor.dashboard.journal import LakeJournal
from lictor.dashboard.orders import ControlDeeds
from lictor.dashboard.policy_tools import PolicyTools
from lictor.dashboard.vault import LakeVault
from lictor.errors import LictorError
from lictor.lake import open_lake, open_writer
from lictor.render import say
from pipeline.lake.standing import StandingLake
from queries.catalog import views

SCRIPT_THREADS_S = 2
"""How long connections may take to end when the dashboard does."""


@dataclass(frozen=True)
class Options:
    """How the dashboard is served; ``names``: names other than the address that it is reached by."""

    lake: Path
    host: str
    port: int
    accounts: Path | None = None
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False


def serve(options: Options) -> None:
    """Serve until a signal ends it. Raises ``LictorError`` and ``LakeError`` before anything is served."""
    refuse_open(options)
    lake = _standing(options.lake)
    listening = _listening(options)
    door = _door(options)
    with open_writer(options.lake) as writer:
        journal = LakeJournal(writer)
        context.install(
            Ports(
                lake, journal, ControlDeeds(), LakeVault(writer), PolicyTools(open_lake(options.lake)), _facts(options)
            )
        )
        sessions = Sessions(door.now)
        who.recognise_by(lambda: _looking(sessions))
        server = uvicorn.Server(_config(options, door, sessions, journal))
        for line in _told(options, door, listening):
            print(line, flush=True)
        server.run(sockets=[listening])


def refuse_open(options: Options) -> None:
    """Raises ``LictorError`` where others than this machine could reach the dashboard without saying who they are."""
    if is_loopback(options.host):
        return
    if options.accounts is None:
        raise LictorError(
            f"--host {options.host} is reached from other machines: give --accounts FILE (lictor dashboard-account add makes it)"
        )
    if options.certificate is None and not options.behind_proxy:
        raise LictorError(
            f"--host {options.host} is reached from other machines, and passwords would go there readable: give"
            " --tls-cert and --tls-key, or --behind-proxy where a proxy in front does TLS"
        )


def _standing(folder: Path) -> StandingLake:
    """The lake as pages ask it."""
    if not folder.is_dir():
        raise LictorError(f"{folder}: no lake there yet; lictor run makes one, --lake DIR names another")
    return StandingLake(folder, views=views(), report=say)


def _door(options: Options) -> Door:
    if options.accounts is None:
        return LinkDoor(getpass.getuser())
    try:
        return AccountsDoor(options.accounts)
    except DashboardError as error:
        raise LictorError(str(error)) from error


def _listening(options: Options) -> socket.socket:
    """The socket, bound before anything is said of it."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        listening = socket.create_server((options.host, options.port), family=family, backlog=128)
    except OSError as error:
        raise LictorError(
            f"{options.host}:{options.port} cannot be listened on: {error.strerror}; --port chooses another"
        ) from error
    listening.setblocking(False)
    return listening


def _looking(sessions: Sessions) -> Account | None:
    """Who looks at the page that is drawn in this thread."""
    import streamlit as st  # noqa: PLC0415 - takes a second, and what is wrong with the options is told before

    try:
        return sessions.find(st.context.cookies.get(COOKIE))
    except DashboardError:
        return None


def _config(options: Options, door: Door, sessions: Sessions, journal: Journal) -> uvicorn.Config:
    from starlette.middleware import Middleware  # noqa: PLC0415 - see above
    from streamlit.web.server.starlette import App  # noqa: PLC0415 - see above

    from dashboards import appearance  # noqa: PLC0415 - see above
    from dashboards.auth.gate import Gate  # noqa: PLC0415 - see above

    appearance.apply()
    gate = Middleware(
        Gate, door=door, sessions=sessions, journal=journal, host=options.host, names=frozenset(options.names),
        secure=options.certificate is not None or options.behind_proxy,
    )  # fmt: skip
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    return uvicorn.Config(
        App(appearance.ENTRY, middleware=[gate]), log_level="error", access_log=False, server_header=False,
        ssl_certfile=options.certificate, ssl_keyfile=options.key, timeout_graceful_shutdown=SCRIPT_THREADS_S,
        proxy_headers=options.behind_proxy, ws_max_size=1 << 24,
    )  # fmt: skip


def _facts(options: Options) -> list[tuple[str, str]]:
    return [
        ("Lictor", version("lictor")),
        ("Lake", str(options.lake.resolve())),
        ("Dashboard on", socket.gethostname()),
    ]


def _told(options: Options, door: Door, listening: socket.socket) -> list[str]:
    """Where it is, and how to get in."""
    scheme = "https" if options.certificate else "http"
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"{scheme}://{host}:{listening.getsockname()[1]}/"
    if isinstance(door, LinkDoor):
        say(f"the link is good once, for ten minutes; it lets in as {getpass.getuser()}, with every right")
        return [f"dashboard: {address}sign-in?link={door.link()}"]
    return [f"dashboard: {address}"]
