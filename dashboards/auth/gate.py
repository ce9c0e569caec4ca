"""The gate in front of the dashboard: an ASGI middleware through which every request and every WebSocket goes.

Only the entrance and ``/healthz`` are open. Everything else, Streamlit's own files and downloads included, needs a session.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.auth import headers, origins, peers
from dashboards.auth.entrance import SIGN_IN, SIGN_OUT, Entrance
from dashboards.auth.sessions import Sessions
from dashboards.auth.standing import standing
from dashboards.interface import Account, DashboardError


class Gate:
    """``host`` is what the dashboard is bound to, ``names`` other names it is reached by; ``secure`` is whether it is behind TLS.

    ``policy`` is the content security policy of Streamlit's pages.
    """

    def __init__(
        self, app: ASGIApp, *, entrance: Entrance, sessions: Sessions, host: str, names: frozenset[str] = frozenset(),
        secure: bool = False, policy: str = headers.for_pages(""),
    ) -> None:  # fmt: skip
        self._app, self._entrance, self._sessions = app, entrance, sessions
        self._host, self._names, self._secure, self._policy = host, names, secure, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "http":
            # Not on this machine's own name: each port of it is some other server.
            strict = self._secure and not origins.is_loopback(origins.name_of(Headers(scope=scope).get("host", "")))
            dressed = headers.dressed(send, scope["path"], self._policy, secure=self._secure, strict=strict)
            await self._http(scope, receive, dressed)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = Headers(scope=scope)
        if self._is_named(said) and origins.same(said, secure=self._secure) and await self._who(scope) is not None:

            async def alive(used: bool) -> bool:
                return await self._who(scope, using=used) is not None

            await standing(self._app, scope, receive, send, alive)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = self._out_of_place(request) or await self._entrance.answer(request)
        if answer is None and await self._who(scope, using=True) is None:
            answer = _turned_away(request)
        await (answer or self._app)(scope, receive, send)

    def _out_of_place(self, request: Request) -> Response | None:
        """The answer to what nobody is asked about: who looks after the process, and who comes from elsewhere."""
        said, path = request.headers, request.scope["path"]
        if path == "/healthz":
            return PlainTextResponse("ok\n")
        if not self._is_named(said):
            return PlainTextResponse("the dashboard is not reached by this name; see --public-name\n", 421)
        if request.method not in {"GET", "HEAD"} and not origins.same(said, secure=self._secure):
            return PlainTextResponse("a page of another site may not do that\n", 403)
        if origins.from_elsewhere(said) or (
            path in SIGN_OUT and said.get("sec-fetch-site") in {"cross-site", "same-site"}
        ):
            return PlainTextResponse("a page of another site may not ask for that\n", 403)
        return None

    def _is_named(self, said: Headers) -> bool:
        return origins.named(said.get("host", ""), self._host, self._names)

    async def _who(self, scope: Scope, *, using: bool = False) -> Account | None:
        token = _cookies(scope).get(self._sessions.cookie)
        if not self._sessions.is_of(token, peers.uid_of(scope.get("client"), scope.get("server"))):
            return None
        try:
            return await run_in_threadpool(self._sessions.find, token, using=using)
        except DashboardError:
            return None


def _cookies(scope: Scope) -> dict[str, Any]:
    return cookie_parser(Headers(scope=scope).get("cookie", ""))


def _turned_away(request: Request) -> Response:
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(SIGN_IN + (f"?then={quote(then, safe='')}" if then != "/" else ""), 303)
    return PlainTextResponse("sign in first\n", 401)
