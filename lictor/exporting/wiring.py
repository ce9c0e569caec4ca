"""From a destination's description to a shipper that is ready: sink, format, filter, redaction, dead letters, status.

Everything that can be wrong is found here, before the first row is read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lictor.errors import LictorError
from lictor.exporting.model import Destination
from lictor.exporting.secrets import resolved
from pipeline.export.dead import DeadLetters
from pipeline.export.events import Encoder, Redact
from pipeline.export.filter import Filter
from pipeline.export.formats.catalog import load
from pipeline.export.formats.interface import Format, FormatError
from pipeline.export.redact import KEY, RedactError, redact
from pipeline.export.redact import parse as parse_rules
from pipeline.export.shipper import Rim, Shipper
from pipeline.export.sinks.address import parse
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from pipeline.export.status import Status, StatusFile

if TYPE_CHECKING:
    from lictor.exporting.stopping import Stop

DEAD = "dead"


@dataclass(frozen=True)
class Ready:
    """A shipper, the tables it is for, and its status."""

    shipper: Shipper
    tables: tuple[str, ...]
    status: StatusFile
    dead: DeadLetters


@contextmanager
def ready(
    lake: Path, destination: Destination, stop: Stop, *, follow: bool, keep_status: bool, append: bool = False
) -> Iterator[Ready]:
    """Open everything that a destination needs, and close it afterwards.

    Raises ``LictorError``, ``ExportError``, or ``FormatError`` turned into the first.
    """
    form = format_of(destination)
    tables = tables_of(destination, form)
    secrets = resolved(destination.secrets)
    encoder = Encoder(form, redactor(destination, secrets.pop(KEY, None)))
    with ExitStack() as stack:
        settings = Settings(
            destination.options, secrets, json=encoder.json, follow=follow or append,
            clock=time.monotonic, sleep=stop.sleep, stopping=stop,
        )  # fmt: skip
        sink = open_sink(destination.to, settings)
        stack.callback(sink.close)
        keep = None
        if destination.where:
            keep = stack.enter_context(Filter(destination.where, tables)).keep
        folder = destination.folder(lake)
        shown = Status(destination.name, parse(destination.to).shown, destination.format, pid=os.getpid())
        status = StatusFile(folder if keep_status else None, shown, time.time)
        dead = DeadLetters(folder / DEAD, time.time)
        shipper = Shipper(
            sink, encoder, dead, status, Rim(time.monotonic, stop.sleep, stop), keep=keep,
            events=destination.events, size=destination.bytes, give_up=destination.give_up,
        )  # fmt: skip
        yield Ready(shipper, tables, status, dead)


def format_of(destination: Destination) -> Format:
    """The format by its name; raises ``LictorError``."""
    try:
        return load(destination.format)
    except FormatError as error:
        raise LictorError(f"--as {destination.format}: {error}") from None


def tables_of(destination: Destination, form: Format) -> tuple[str, ...]:
    """The tables to export: those that were named, else all that the format has events for; raises ``LictorError``."""
    missing = next((t for t in destination.tables if t not in form.tables), None)
    if missing is not None:
        raise LictorError(
            f"--table {missing}: {form.name} has no events for it; it has them for: {', '.join(sorted(form.tables))}"
        )
    return destination.tables or tuple(sorted(form.tables))


def redactor(destination: Destination, key: str | None = None) -> Redact | None:
    """What is taken out of rows before they are written; ``key`` is what values are hashed with.

    Raises ``LictorError`` for a rule that cannot be followed: what was to be left out must never leave by mistake.
    """
    if not destination.redact:
        if key is not None:
            raise LictorError(f"secret {KEY}: no rule hashes anything: add --redact hash:COLUMN, or leave the key out")
        return None
    try:
        rules = parse_rules(destination.redact, None if key is None else key.encode())
    except RedactError as error:
        raise LictorError(f"--redact {error}") from None
    return partial(redact, rules=rules)
