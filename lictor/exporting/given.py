"""Destinations as the command line gives them: from its options, or from a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lictor.errors import LictorError
from lictor.exporting.config import read_destinations
from lictor.exporting.model import Destination, checked, name_of
from pipeline.export.sinks.address import parse, size, span

_BATCH: dict[str, Callable[[str], float]] = {"events": int, "bytes": size, "seconds": span}

GIVE_UP_S = 60.0
"""How long a one-shot export waits for a receiver that takes nothing."""


def from_file(path: Path) -> list[Destination]:
    """The destinations of a file; raises ``LictorError``."""
    return read_destinations(path)


def from_options(
    form: str | None, to: str | None, *, name: str | None = None, tables: Iterable[str] | None = None, where: str = "",
    redact: Iterable[str] | None = None, options: Iterable[str] | None = None, secrets: Iterable[str] | None = None,
    batch: str | None = None, give_up: str | None = None, from_now: bool = False,
) -> Destination:  # fmt: skip
    """One destination from the options of a command line; raises ``LictorError`` or ``ExportError``."""
    if not form or not to:
        raise LictorError(
            f"{'--as' if not form else '--to'} is missing: lictor export --as ocsf --to file:///x.jsonl; see lictor export --help"
        )
    parse(to)  # a secret in it shall be refused before its name is made, which would hold it
    return checked(
        Destination(
            name or name_of(to), to, form, tuple(tables or ()), where, tuple(redact or ()),
            pairs("--option", options), pairs("--secret", secrets), from_now=from_now, give_up=_give_up(give_up),
            **_batch(batch),
        )
    )  # fmt: skip


def patient(destination: Destination) -> Destination:
    """For a one-shot export: it ends some time, also where the receiver does not answer."""
    return destination if destination.give_up is not None else dataclasses.replace(destination, give_up=GIVE_UP_S)


def pairs(what: str, items: Iterable[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` each; raises ``LictorError``."""
    result = {}
    for item in items or ():
        name, sign, value = item.partition("=")
        if not (name and sign):
            # For a secret the text may be the secret itself: it is not repeated.
            raise LictorError(
                f"{what}: write it as {'NAME=env:VARIABLE or NAME=file:PATH' if what == '--secret' else 'NAME=VALUE'}"
            )
        result[name] = value
    return result


def _batch(text: str | None) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs("--batch", text.split(",") if text else ()).items():
        try:
            result[name] = _BATCH[name](value)
        except (KeyError, ValueError):
            raise LictorError(f"--batch {name}={value}: write events=5000,bytes=4MiB,seconds=1s") from None
    return result


def _give_up(text: str | None) -> float | None:
    try:
        return None if text is None else span(text)
    except ValueError:
        raise LictorError(f"--give-up {text!a}: write a time span such as 30s or 5m") from None
