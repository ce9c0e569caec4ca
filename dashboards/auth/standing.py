"""A WebSocket that ends with its session. Streamlit draws pages over one that may stand open for days.

Each message is heard only while the session lasts, and it is looked at now and then when none comes: a page that refreshes
itself must not go on for somebody who has signed out, or whose account is gone. The browser is sent to the sign-in page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

LOOK_S = 5.0
REFUSED = 1008

Message = MutableMapping[str, Any]
Alive = Callable[[bool], Awaitable[bool]]
"""Whether the session lasts; told whether a person did something."""


async def standing(app: ASGIApp, scope: Scope, receive: Receive, send: Send, alive: Alive) -> None:
    """Serve it until it or the session ends."""
    line = _Line(receive, send, alive)
    try:
        await app(scope, line.receive, line.send)
    finally:
        line.close()


class _Line:
    """The two directions."""

    def __init__(self, receive: Receive, send: Send, alive: Alive) -> None:
        self._receive, self._send, self._alive = receive, send, alive
        self._coming: asyncio.Future[Message] | None = None
        self._open = self._ended = False

    async def receive(self) -> Message:
        """The next message; the end, where the session has ended."""
        while not self._ended:
            if self._coming is None:
                self._coming = asyncio.ensure_future(self._receive())
            # Waited for and not cancelled: a message that is half taken must not be lost.
            come, _ = await asyncio.wait({self._coming}, timeout=LOOK_S)
            if not come:
                await self._look(used=False)
                continue
            message, self._coming = self._coming.result(), None
            if message["type"] == "websocket.receive":
                await self._look(used=by_hand(message))
            if not self._ended:
                return message
        return {"type": "websocket.disconnect", "code": REFUSED}

    async def send(self, message: Message) -> None:
        """Pass on what the page says, as long as somebody may hear it."""
        if self._ended:
            return
        self._open = self._open or message["type"] == "websocket.accept"
        await self._send(message)

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._coming is not None:
            self._coming.cancel()

    async def _look(self, *, used: bool) -> None:
        if await self._alive(used):
            return
        self._ended = True
        if self._open:
            await self._send({"type": "websocket.send", "bytes": onward()})
        await self._send({"type": "websocket.close", "code": REFUSED})


def by_hand(message: Message) -> bool:
    """Whether a person did it: a click, and not a page that refreshes itself or a sign of life."""
    from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: PLC0415 - takes a second; only who serves needs it

    try:
        told = BackMsg.FromString(message.get("bytes") or b"")
    except Exception:  # noqa: BLE001 - google.protobuf names its error elsewhere in each version; no such message is no click
        return False
    return told.HasField("rerun_script") and not told.rerun_script.is_auto_rerun


def onward() -> bytes:
    """Streamlit's word to a browser to go to another page: to the sign-in page."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: PLC0415 - as above

    told = ForwardMsg()
    told.auth_redirect.url = "/sign-in"
    packed: bytes = told.SerializeToString()
    return packed
