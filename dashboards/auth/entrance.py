"""What stands before a session: the sign-in page, links, a provider's answers, and the way out. Each try is a row of ``console``."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from dashboards.auth import headers, peers, signin_page
from dashboards.auth.denials import Denials
from dashboards.auth.interface import Door, Known, Provider, RefusedError
from dashboards.auth.sessions import LONGEST_S, Sessions
from dashboards.auth.throttle import Throttle
from dashboards.interface import DashboardError, Journal

SIGN_IN, AWAY, BACK = "/sign-in", "/sign-in/away", "/oauth2callback"
SIGN_OUT = frozenset({"/sign-out", "/auth/logout"})
"""The second is where Streamlit's own st.logout() leads."""
LARGEST_FORM = 8192
AT_ONCE = 2
"""Passwords that are compared at once: each takes 64 MiB, and anybody may try."""


class Entrance:
    """``secure`` is whether the browser reaches the dashboard by TLS."""

    def __init__(
        self, door: Door, sessions: Sessions, journal: Journal, *, secure: bool = False, provider: Provider | None = None,
        throttle: Throttle | None = None,
    ) -> None:  # fmt: skip
        self._door, self._sessions, self._journal = door, sessions, journal
        self._secure, self._provider = secure, provider
        self._throttle = throttle or Throttle()
        self._denials = Denials(journal)
        self._comparing = CapacityLimiter(AT_ONCE)

    async def answer(self, request: Request) -> Response | None:
        """The answer to what is the entrance's own; ``None`` for everything else."""
        path, method = request.scope["path"], request.method
        if path == SIGN_IN and method == "POST":
            return await self._by_form(request)
        if method != "GET":
            return None
        if path == SIGN_IN:
            return await self._page_or_link(request)
        if path in SIGN_OUT:
            return await run_in_threadpool(self._sign_out, request)
        if self._provider is not None and path in {AWAY, BACK}:
            return await self._by_provider(request, self._provider)
        return None

    # The ways in

    async def _page_or_link(self, request: Request) -> Response:
        token = request.query_params.get("link")
        if token is None:
            return self._page(request)
        known = self._door.by_link(token)
        if known is None:
            await run_in_threadpool(
                self._denials.write, "", "the link was used before, or is too old", _client(request)
            )
            return self._page(request, 403, "This link was used before, or is too old.")
        return await run_in_threadpool(self._welcome, request, known, _inside(request.query_params.get("then", "/")))

    async def _by_form(self, request: Request) -> Response:
        form = await _form(request)
        if form is not None and "again" in form and (told := self._door.again()):
            return self._page(request, told=told, then=_inside(form.get("then", "/")))
        if form is None or not self._door.form:
            return PlainTextResponse("that is no form\n", 400)
        name, client = form.get("name", ""), _client(request)
        then = _inside(form.get("then", "/"))
        wait = self._throttle.wait(name, client)
        if wait > 0:
            return self._page(request, 429, f"Too many tries: wait {wait:.0f} s.", then)
        self._throttle.failed(name, client)  # counted before it is tried: many at once are no way around
        compare = partial(self._door.by_password, name, form.get("password", ""))
        try:
            known = await to_thread.run_sync(compare, limiter=self._comparing)
        except DashboardError as error:
            return self._page(request, 503, str(error), then)
        if known is None:
            await run_in_threadpool(self._denials.write, name, "wrong name or password", client)
            return self._page(request, 403, "Name or password is wrong.", then)
        self._throttle.passed(name, client)
        return await run_in_threadpool(self._welcome, request, known, then)

    async def _by_provider(self, request: Request, provider: Provider) -> Response:
        try:
            if request.scope["path"] == AWAY:
                return await provider.away(request)
            known, then = await provider.back(request)
        except RefusedError as error:
            await run_in_threadpool(self._denials.write, error.name, str(error), _client(request), "oidc")
            return self._page(request, 403, f"{error.name}: {error}")
        except DashboardError as error:
            return self._page(request, 502, str(error))
        return await run_in_threadpool(self._welcome, request, known, _inside(then))

    # What comes of it

    def _page(self, request: Request, status: int = 200, told: str = "", then: str | None = None) -> Response:
        then = _inside(request.query_params.get("then", "/")) if then is None else then
        away = f"{AWAY}?then={quote(then, safe='')}" if self._provider else ""
        name = self._provider.name if self._provider else ""
        html = signin_page.page(
            self._door.title,
            form=self._door.form,
            again=self._door.links,
            told=told,
            bad=status >= 400,
            then=then,
            provider=name,
            away=away,
        )
        return plain(html, status)

    def _welcome(self, request: Request, known: Known, then: str) -> Response:
        try:
            detail = None if known.id == known.account.name else {"id": known.id}
            self._journal.write(known.account, "sign_in", outcome="success", client=_client(request), detail=detail)
        except DashboardError as error:
            return self._page(request, 503, f"Nobody can sign in, since it cannot be recorded: {error}", then)
        answer = plain(signin_page.onward(then))
        token = self._sessions.begin(known, peers.uid_of(request.scope.get("client"), request.scope.get("server")))
        answer.set_cookie(
            self._sessions.cookie, token, max_age=int(LONGEST_S), httponly=True, samesite="strict", secure=self._secure,
        )  # fmt: skip
        return answer

    def _sign_out(self, request: Request) -> Response:
        token = request.cookies.get(self._sessions.cookie)
        try:
            account = self._sessions.find(token)
            if account is not None:
                self._journal.write(account, "sign_out", outcome="success", client=_client(request))
        except DashboardError:
            pass  # the session ends all the same
        self._sessions.end(token)
        answer = plain(signin_page.signed_out())
        answer.delete_cookie(self._sessions.cookie, httponly=True, samesite="strict", secure=self._secure)
        return answer


def plain(html: str, status: int = 200) -> Response:
    """A page of the gate's own."""
    return HTMLResponse(html, status, {"content-security-policy": headers.for_plain(html)})


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _inside(then: str) -> str:
    """A place of the dashboard itself, whatever was asked for."""
    inside = then.startswith("/") and not then.startswith("//") and "\\" not in then and then.isprintable()
    return then if inside else "/"


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
