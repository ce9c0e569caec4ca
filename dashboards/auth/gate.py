"""The gate in front of the dashboard: an ASGI middleware through which every request and every WebSocket goes.

Only the sign-in page and ``/healthz`` are open. Everything else, Streamlit's own files and downloads included, needs a session.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.auth import origins, signin_page
from dashboards.auth.interface import Door, Known
from dashboards.auth.sessions import COOKIE, LONGEST_S, Sessions
from dashboards.auth.throttle import Throttle
from dashboards.interface import Account, DashboardError, Journal, Role

LARGEST_FORM = 8192
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: a browser then sends "Origin: null" with the sign-in form, which is turned away.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none';"
        " base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
}  # fmt: skip
"""Of every answer. Streamlit starts itself by an inline script and charts compile their expressions; nothing comes from elsewhere."""


class Gate:
    """``host`` is what the dashboard is bound to, ``names`` other names it is reached by; ``secure`` is whether it is behind TLS."""

    def __init__(
        self, app: ASGIApp, *, door: Door, sessions: Sessions, journal: Journal, host: str,
        names: frozenset[str] = frozenset(), secure: bool = False, throttle: Throttle | None = None,
    ) -> None:  # fmt: skip
        self._app, self._door, self._sessions, self._journal = app, door, sessions, journal
        self._host, self._names, self._secure = host, names, secure
        self._throttle = throttle or Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, _dressed(send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if self._is_named(headers) and origins.same(headers) and await self._who(scope) is not None:
            await self._app(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await self._own(request)
        if answer is None and await self._who(scope) is None:
            answer = self._turned_away(request)
        if answer is None:
            await self._app(scope, receive, send)
        else:
            await answer(scope, receive, send)

    async def _own(self, request: Request) -> Response | None:
        """The answer to what the gate answers by itself."""
        path, method = request.url.path, request.method
        if path == "/healthz":
            return PlainTextResponse("ok\n")
        if not self._is_named(request.headers):
            return PlainTextResponse("the dashboard is not reached by this name; see --public-name\n", 421)
        if method not in {"GET", "HEAD"} and not origins.same(request.headers):
            return PlainTextResponse("a page of another site may not do that\n", 403)
        if path == "/sign-in":
            return await (self._sign_in(request) if method == "POST" else self._page_or_link(request))
        if path == "/sign-out":
            return await run_in_threadpool(self._sign_out, request)
        return None

    def _is_named(self, headers: Headers) -> bool:
        return origins.named(headers.get("host", ""), self._host, self._names)

    async def _who(self, scope: Scope) -> Account | None:
        token = Request({**scope, "type": "http"}).cookies.get(COOKIE)
        try:
            return await run_in_threadpool(self._sessions.find, token)
        except DashboardError:
            return None

    def _turned_away(self, request: Request) -> Response:
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse("/sign-in" + (f"?then={quote(then, safe='')}" if then != "/" else ""), 303)
        return PlainTextResponse("sign in first\n", 401)

    async def _page_or_link(self, request: Request) -> Response:
        then = _inside(request.query_params.get("then", "/"))
        token = request.query_params.get("link")
        if token is None:
            return HTMLResponse(signin_page.page(self._door.title, form=self._door.form, then=then))
        known = self._door.by_link(token)
        if known is None:
            await run_in_threadpool(self._denied, request, "", "the link was used before, or is too old")
            told = "This link was used before, or is too old. Start lictor dashboard again for a new one."
            return HTMLResponse(signin_page.page(self._door.title, form=self._door.form, told=told, then=then), 403)
        return await run_in_threadpool(self._welcome, request, known, then)

    async def _sign_in(self, request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return PlainTextResponse("that is no form\n", 400)
        name, password, then = (form.get(n, "") for n in ("name", "password", "then"))
        who = (f"name {name[:64]}", f"address {_client(request)}")
        wait = self._throttle.wait(*who)
        if wait > 0:
            told = f"Too many tries: wait {wait:.0f} s."
            return HTMLResponse(signin_page.page(self._door.title, form=True, told=told, then=_inside(then)), 429)
        self._throttle.failed(*who)  # counted before it is tried: many at once are no way around
        try:
            known = await run_in_threadpool(self._door.by_password, name, password)
        except DashboardError as error:
            return HTMLResponse(signin_page.page(self._door.title, form=True, told=str(error), then=_inside(then)), 503)
        if known is None:
            await run_in_threadpool(self._denied, request, name, "wrong name or password")
            told = "Wrong name or password."
            return HTMLResponse(signin_page.page(self._door.title, form=True, told=told, then=_inside(then)), 403)
        self._throttle.passed(*who)
        return await run_in_threadpool(self._welcome, request, known, _inside(then))

    def _welcome(self, request: Request, known: Known, then: str) -> Response:
        try:
            self._journal.write(known.account, "sign_in", outcome="success", client=_client(request))
        except DashboardError as error:
            told = f"Nobody can sign in, since it cannot be recorded: {error}"
            return HTMLResponse(signin_page.page(self._door.title, form=self._door.form, told=told), 503)
        answer = HTMLResponse(signin_page.onward(then))
        answer.set_cookie(
            COOKIE,
            self._sessions.begin(known),
            max_age=int(LONGEST_S),
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )
        return answer

    def _denied(self, request: Request, name: str, why: str) -> None:
        nobody = Account(name[:64] or "nobody", Role.viewer, "none")
        try:
            self._journal.write(nobody, "sign_in", outcome="denied", note=why, client=_client(request))
        except DashboardError:
            return  # nobody came in; the next who does will be told

    def _sign_out(self, request: Request) -> Response:
        token = request.cookies.get(COOKIE)
        try:
            account = self._sessions.find(token)
            if account is not None:
                self._journal.write(account, "sign_out", outcome="success", client=_client(request))
        except DashboardError:
            pass  # the session ends all the same
        self._sessions.end(token)
        answer = HTMLResponse(signin_page.signed_out())
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self._secure)
        return answer


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _inside(then: str) -> str:
    """A place of the dashboard itself, whatever was asked for."""
    harmless = then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable()
    return then if harmless else "/"


async def _form(request: Request) -> dict[str, str] | None:
    """Fields of a small form."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            return None
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=10).items()}
    except ValueError:
        return None


def _dressed(send: Send) -> Send:
    """Adds the headers of every answer, and keeps what is not a fixed file out of caches."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            added = [(n.encode(), v.encode()) for n, v in _HEADERS.items() if n.encode() not in present]
            if b"cache-control" not in present:
                added.append((b"cache-control", b"no-store"))
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return sending
