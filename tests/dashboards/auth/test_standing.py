"""A WebSocket that ends with its session, without a server: messages in, messages out."""

from __future__ import annotations

import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboards.auth import standing
from tests.dashboards.auth.conftest import in_a_loop


def rerun(*, auto):
    told = BackMsg()
    told.rerun_script.is_auto_rerun = auto
    return {"type": "websocket.receive", "bytes": told.SerializeToString()}


CLICK, REFRESH = rerun(auto=False), rerun(auto=True)


def run(messages, alive, *, app=None, wait=1.0):
    """(what the page got, what the browser got, what was asked about the session)."""
    got, sent, asked = [], [], []
    queue = list(messages)

    async def receive():
        return queue.pop(0) if queue else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    async def asks(used):
        asked.append(used)
        return alive(len(asked))

    async def page(_scope, receiving, sending):
        await sending({"type": "websocket.accept"})
        while True:
            got.append(await receiving())
            if got[-1]["type"] == "websocket.disconnect":
                await sending({"type": "websocket.send", "bytes": b"too late"})
                return

    async def all_of_it():
        await asyncio.wait_for(standing.standing(app or page, {}, receive, send, asks), wait)

    in_a_loop(all_of_it())
    return got, sent, asked


def test_messages_pass_while_the_session_lasts():
    end = {"type": "websocket.disconnect", "code": 1000}
    got, sent, _ = run([{"type": "websocket.connect"}, CLICK, end], lambda _: True)
    assert got == [{"type": "websocket.connect"}, CLICK, end]
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.send"]


def test_message_after_the_session_is_not_heard():
    got, sent, _ = run([CLICK, CLICK], lambda n: n < 2)
    assert [m["type"] for m in got] == ["websocket.receive", "websocket.disconnect"]
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.send", "websocket.close"]


def test_browser_is_sent_to_the_sign_in_page_and_hears_nothing_more():
    _, sent, _ = run([CLICK], lambda _: False)
    assert ForwardMsg.FromString(sent[1]["bytes"]).auth_redirect.url == "/sign-in"
    assert b"too late" not in [m.get("bytes") for m in sent]


def test_quiet_socket_is_looked_at_now_and_then(monkeypatch):
    monkeypatch.setattr(standing, "LOOK_S", 0.01)
    got, _, asked = run([], lambda n: n < 4)
    assert asked == [False] * 4
    assert got[-1]["type"] == "websocket.disconnect"


def test_only_a_click_counts_as_use():
    _, _, asked = run([CLICK, REFRESH, {"type": "websocket.receive", "bytes": b""}, {"type": "websocket.disconnect"}], lambda _: True)  # fmt: skip
    assert asked == [True, False, False]


@pytest.mark.parametrize("data", [None, b"", b"\xff\xff\xff", b"garbage"])
def test_what_is_no_message_is_no_click(data):
    assert not standing.by_hand({"type": "websocket.receive", "bytes": data})


def test_message_that_comes_late_is_not_lost(monkeypatch):
    monkeypatch.setattr(standing, "LOOK_S", 0.01)
    came = []

    async def receive():
        await asyncio.sleep(0.1)
        came.append(1)
        return CLICK if len(came) == 1 else {"type": "websocket.disconnect"}

    async def page(_scope, receiving, _sending):
        assert await receiving() == CLICK
        await receiving()

    async def nothing(_):
        return True

    in_a_loop(standing.standing(page, {}, receive, nothing, nothing))
    assert len(came) == 2


def test_page_that_fails_leaves_nothing_waiting():
    async def page(_scope, receiving, _sending):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receiving(), 0.05)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run([], lambda _: True, app=page)
