"""What is asked and answered over the socket: one JSON object a line, each way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

LARGEST = 64 << 10
"""Bytes of a request."""

LOOKS, SWITCH = ("held", "status"), ("pause", "resume")
"""What changes nothing, and what is about all runs."""
DEEDS = (*LOOKS, "release", "deny", "kill", "freeze", "isolate", "join", *SWITCH)

Answer = dict[str, Any]
"""``ok``; with it ``rows``, without it ``error``, one line for a person."""

_WANTED: Mapping[str, type] = {"do": str, "name": str, "why": str, "for_run": bool, "account": str}


@dataclass(frozen=True)
class Request:
    """What somebody asks for; ``name`` is the id of a question or of a run, or its beginning.

    ``account`` is on whose behalf: the dashboard's word, which counts since whoever gives it may decide.
    """

    do: str
    name: str = ""
    why: str | None = None
    for_run: bool = False
    account: str | None = None


def packed(message: Request | Answer) -> bytes:
    """As it goes over the socket."""
    data = asdict(message) if isinstance(message, Request) else message
    return json.dumps(data, default=str).encode() + b"\n"


def refused(error: str) -> Answer:
    """The answer that nothing was done, and why."""
    return {"ok": False, "error": error}


def request_of(line: bytes) -> Request:
    """A request from its line; raises ``ValueError`` with the reason."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("a request is one line of JSON") from None
    if not isinstance(data, dict) or data.get("do") not in DEEDS:
        raise ValueError(f"a request is an object whose 'do' is one of {', '.join(DEEDS)}")
    return Request(**{name: _checked(name, value) for name, value in data.items() if value is not None})


def _checked(name: str, value: object) -> Any:
    wanted = _WANTED.get(name)
    if wanted is None or not isinstance(value, wanted):
        raise ValueError(f"{name!a} is nothing that a request has, or of another type")
    # Half a surrogate pair is JSON, but no text that could be kept: it is written out.
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
