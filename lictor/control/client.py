"""The command's end of the socket: finds the services that run, asks each, and puts the answers together.

An order goes to one service only, by the whole id: first everybody is asked what there is, so that a beginning
that fits two runs, be they of two services, stops neither.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from lictor.control import sockets
from lictor.control.messages import Answer, Request, packed, refused
from lictor.errors import LictorError
from lictor.runtime import control_dirs

LOOK_S = 5.0
"""How long one service may take to tell what it has."""
ORDER_S = 10.0
"""How long it may take for an order: it answers when it has seen the effect."""

_LARGEST = 64 << 20
_NOBODY = "no service is running here: lictor run with a policy is one, and lictor watch"

Rows = list[dict[str, Any]]


class NotDoneError(LictorError):
    """No service did what was asked for; nothing is wrong with the request itself."""


def ask(request: Request, patience: float = LOOK_S) -> Iterator[tuple[Path, Answer]]:
    """(socket, answer) of each service that runs; raises ``LictorError`` where their folder cannot be trusted or read."""
    if sys.platform == "win32":
        raise LictorError(
            "a service on Windows takes no orders yet: holds end at their limit; lictor pause and resume work"
        )
    try:
        places = sockets.found(control_dirs())
    except OSError as error:
        raise LictorError(f"{error.filename}: {error.strerror}; ask as another user") from error
    for path in places:
        answer = _asked(path, packed(request), time.monotonic() + patience)
        if answer is not None:
            yield path, answer


def ask_all(request: Request) -> tuple[Rows, list[str]]:
    """Rows of all services, and what those said that gave none; raises ``LictorError`` when none runs."""
    answers = list(ask(request))
    if not answers:
        raise LictorError(_NOBODY)
    return _merged(answers)


def order(request: Request) -> Rows:
    """What the one service did that has the run or question; raises ``LictorError`` when several fit.

    Raises ``NotDoneError`` when no service runs, and with what they say: nothing has such an id, or it was refused.
    """
    place, name = _whose(request.name)
    rows, told = _merged(list(_ordered(replace(request, name=name), place)))
    if not rows:
        raise NotDoneError("; ".join(dict.fromkeys(told)) or "nothing was done")
    return rows


def _ordered(request: Request, place: Path | None) -> Iterator[tuple[Path, Answer]]:
    if place is None:  # nothing that we may see fits: each service says why not
        yield from ask(request, ORDER_S)
        return
    answer = _asked(place, packed(request), time.monotonic() + ORDER_S)
    yield place, answer or refused("its service has ended meanwhile")


def _whose(begin: str) -> tuple[Path | None, str]:
    """The service that has what is named, and the whole id; ``None`` with the name as given where none shows it."""
    fits = set(_ids(begin))
    fits = {(path, name) for path, name in fits if name == begin} or fits
    if len(fits) > 1:
        names = ", ".join(sorted(name for _, name in fits))
        raise LictorError(f"{begin!a} fits {names}: give more of the one that is meant")
    return next(iter(fits), (None, begin))


def _ids(begin: str) -> Iterator[tuple[Path, str]]:
    """Questions and runs whose id begins so, with their service."""
    told: list[tuple[Path, Answer]] = []
    for do, key in (("held", "hold"), ("status", "run")):
        told = list(ask(Request(do)))
        for path, answer in told:
            names = [str(row.get(key)) for row in answer.get("rows", ())]
            yield from ((path, name) for name in names if name.startswith(begin))
    if not told:
        raise NotDoneError(_NOBODY)


def _merged(answers: list[tuple[Path, Answer]]) -> tuple[Rows, list[str]]:
    rows = [row for _, answer in answers if answer.get("ok") for row in answer.get("rows", ())]
    return rows, [str(answer.get("error")) for _, answer in answers if not answer.get("ok")]


def _asked(path: Path, line: bytes, deadline: float) -> Answer | None:
    """The answer of one service; ``None`` for one that is gone, whose socket is removed where that is permitted."""
    try:
        connection = sockets.connected(path, deadline)
    except (ConnectionRefusedError, FileNotFoundError):
        with suppress(OSError):
            path.unlink()
        return None
    except OSError as error:
        return _failed(path, error)
    with connection:
        try:
            said = _exchanged(connection, line, deadline)
        except OSError as error:
            return _failed(path, error)
    try:
        answer = json.loads(said)
    except ValueError:
        return refused(f"{_service(path)} ended while it was asked")
    return answer if isinstance(answer, dict) else refused(f"{_service(path)} gave no answer")


def _exchanged(connection: socket.socket, line: bytes, deadline: float) -> bytes:
    with suppress(BrokenPipeError):  # turned away unheard, and told why
        connection.sendall(line)
    said = b""
    while not said.endswith(b"\n") and len(said) < _LARGEST:
        connection.settimeout(sockets.left_until(deadline))
        piece = connection.recv(1 << 16)
        if not piece:
            break
        said += piece
    return said


def _failed(path: Path, error: OSError) -> Answer:
    if isinstance(error, TimeoutError):
        return refused(f"{_service(path)} does not answer in time; what was asked may still be done: see lictor held")
    return refused(f"{_service(path)}: {error.strerror or error}")


def _service(path: Path) -> str:
    return f"service {path.name.partition('-')[0]}"
