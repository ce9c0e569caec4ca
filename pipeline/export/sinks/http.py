"""Requests to a receiver that speaks HTTP: one client for all such sinks, with every answer bounded in time and size.

What an answer means is alike for most receivers: too busy, not allowed, too large, wrong. What a receiver says of single
events is read by its own sink.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.export.backoff import retry_after
from pipeline.export.errors import ExportError, missing_library
from pipeline.export.sinks import tls
from pipeline.export.sinks.interface import Batch, Outcome, again, halves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    from pipeline.export.sinks.address import Address, Options
    from pipeline.export.sinks.interface import Settings

LARGEST_ANSWER = 8 << 20
_SHOWN = 300
_BUSY = (408, 425, 429)
_AT_FAULT = (400, 413, 415, 422)
"""Refusals of this very request; every other 4xx is about rights and addresses, which a person can mend."""


class UnreachableError(Exception):
    """There was no answer, or none that can be read; the text says why in a few words."""


@dataclass(frozen=True)
class Reply:
    """An answer: status, the pause that it asks for, and its body, cut at ``LARGEST_ANSWER``."""

    status: int
    after: float | None
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON; raises ``UnreachableError`` for anything else."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise UnreachableError(f"HTTP {self.status} with an answer that is no JSON") from None

    @property
    def said(self) -> str:
        """Status and the first words of the body, on one line."""
        text = "".join(c if c.isprintable() else " " for c in self.body[:_SHOWN].decode("utf-8", "replace"))
        return f"HTTP {self.status}: {text.strip()}" if text.strip() else f"HTTP {self.status}"


class Client:
    """Posts to one receiver, over connections that are kept."""

    def __init__(
        self, base: str, options: Options, headers: Mapping[str, str], clock: Callable[[], float], *, encrypted: bool
    ) -> None:
        """``base`` is scheme, host and port. Takes the options of TLS, ``timeout``, ``proxy`` and ``server_name``."""
        httpx = library()
        self._errors: tuple[type[Exception], ...] = (httpx.HTTPError, httpx.InvalidURL, OSError)
        self._timeout = options.seconds("timeout", 30)
        self._clock = clock
        name = options.text("server_name") if encrypted else ""
        self._extensions = {"sni_hostname": name} if name else {}
        self._client = httpx.Client(
            base_url=base, verify=tls.context(options) if encrypted else False, timeout=self._timeout,
            # Neither proxies nor passwords come from the environment: both would be a surprise in a service.
            trust_env=False, proxy=options.text("proxy") or None,
            headers={"User-Agent": f"lictor/{version('lictor')}", "Accept-Encoding": "identity", **headers},
        )  # fmt: skip

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None, *, pack: bool = True) -> Reply:
        """Post once, packed by gzip unless told otherwise; raises ``UnreachableError``. Redirects are not followed."""
        deadline = self._clock() + self._timeout
        packed = {"Content-Encoding": "gzip"} if pack else {}
        content = gzip.compress(body, 1) if pack else body
        try:
            with self._client.stream(
                "POST", path, content=content, headers={**(headers or {}), **packed}, extensions=self._extensions
            ) as answer:
                after = retry_after(answer.headers.get("Retry-After"))
                return Reply(answer.status_code, after, self._body(answer.iter_bytes(), deadline))
        except self._errors as error:
            raise UnreachableError(_why(error)) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _body(self, parts: Iterable[bytes], deadline: float) -> bytes:
        body = bytearray()
        for part in parts:
            body += part
            if self._clock() > deadline:
                raise TimeoutError
            if len(body) > LARGEST_ANSWER:
                raise UnreachableError(f"an answer of more than {LARGEST_ANSWER >> 20} MiB")
        return bytes(body)


def library() -> ModuleType:
    """httpx, which is optional; raises ``ExportError`` where it is not installed."""
    try:
        import httpx  # noqa: PLC0415 - optional
    except ImportError:
        raise missing_library("httpx", "export", "an HTTP receiver") from None
    return httpx


def base_of(address: Address, port: int | None = None) -> tuple[str, bool]:
    """Scheme, host and port of ``x+https://host``, and whether that is encrypted."""
    scheme = address.scheme.partition("+")[2]
    host, found = address.host(port or {"http": 80, "https": 443}[scheme])
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{found}", scheme == "https"


def refused(batch: Batch, reply: Reply) -> Outcome:
    """What an answer that is no 2xx means for the whole batch."""
    if reply.status in _AT_FAULT:
        return fault(batch, reply.said)
    if 300 <= reply.status < 400:
        return again(batch, f"{reply.said}, a redirect, which is not followed: give the new address")
    if reply.status in _BUSY or reply.status >= 500:
        return again(batch, reply.said, reply.after)
    return again(batch, f"{reply.said}: check address, token and rights at the receiver", reply.after)


def fault(batch: Batch, reason: str) -> Outcome:
    """Something in the batch is refused: the one event of it for good, several to be tried in halves."""
    return Outcome(dead=((0, reason),)) if len(batch) == 1 else halves(batch, reason)


def in_parts(batch: Batch, cuts: Iterable[tuple[int, int]], send: Callable[[Batch], Outcome]) -> Outcome:
    """Send a batch in several requests. After one that must come again the rest waits as well; positions are the batch's."""
    retry: list[Any] = []
    dead: list[tuple[int, str]] = []
    last = Outcome()
    for start, length in cuts:
        if len(last.retry):
            retry.append(np.arange(start, start + length))
            continue
        last = attempt(batch.slice(start, length), send)
        retry.append(last.retry + start)
        dead += [(position + start, reason) for position, reason in last.dead]
    return Outcome(np.concatenate(retry) if retry else last.retry, last.reason, last.after, tuple(dead), last.split)


def attempt(batch: Batch, send: Callable[[Batch], Outcome]) -> Outcome:
    """One try, in which no answer means again."""
    try:
        return send(batch)
    except UnreachableError as error:
        return again(batch, str(error))


def need_json(address: Address, settings: Settings) -> None:
    """Raise ``ExportError`` where payloads are no JSON and the receiver knows nothing else."""
    if not settings.json:
        raise ExportError(f"{address.shown}: takes JSON only: choose --as json, ocsf, ecs, asim or udm")


def _why(error: Exception) -> str:
    """The cause behind httpx's own exception, which names the step but not the reason."""
    httpx = library()
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "no answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return tls.failure(cause)
        cause = cause.__cause__ or cause.__context__
    return f"no HTTP answer ({type(error).__name__})"
