"""What a destination is, as the command line and a file describe it. It never holds a secret, only where one is.

So it may be written down: ``<lake>/export/<name>/destination.json`` lets dead letters be sent again later.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from lictor.errors import LictorError
from pipeline import schema
from pipeline.lake import layout

FOLDER = "export"
DESTINATION = "destination.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
_LONGEST = 48
_PLACES = ("dcr", "stream", "index", "endpoint")
_EVENTS, _BYTES = 5_000, 4 << 20


@dataclass(frozen=True)
class Destination:
    """One receiver and what it gets. No ``tables`` are all that the format has events for;
    ``secrets`` are references: ``env:NAME`` or ``file:PATH``; ``seconds`` is how long a row may wait for its batch.
    """

    name: str
    to: str
    format: str
    tables: tuple[str, ...] = ()
    where: str = ""
    redact: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    from_now: bool = False
    events: int = _EVENTS
    bytes: int = _BYTES
    seconds: float = 1.0
    give_up: float | None = None

    def folder(self, lake: Path) -> Path:
        """Where its status and dead letters lie."""
        return lake / FOLDER / self.name

    def save(self, lake: Path) -> None:
        """Write it down below the lake; raises ``LictorError``."""
        folder = self.folder(lake)
        try:
            layout.make_folder(folder)
            layout.write_whole(folder / DESTINATION, [json.dumps(dataclasses.asdict(self), indent=1).encode(), b"\n"])
        except OSError as error:
            raise LictorError(
                f"{folder}: cannot be written ({error.strerror}): run as the user whose lake it is"
            ) from None


def checked(destination: Destination) -> Destination:
    """The same; raises ``LictorError`` for a name, a table or a batch that cannot be."""
    if not NAME.fullmatch(destination.name):
        raise LictorError(
            f"destination {destination.name!a}: a name is at most 48 letters, digits, dots, dashes and underscores: choose another"
        )
    for table in destination.tables:
        if table not in schema.TABLES:
            raise LictorError(f"--table {table}: there is no such table: choose among {', '.join(schema.TABLES)}")
    if destination.events < 1 or destination.bytes < 1 or destination.seconds <= 0:
        raise LictorError("--batch: events, bytes and seconds must be more than 0")
    return destination


def saved(lake: Path, name: str) -> Destination:
    """A destination that was written down; raises ``LictorError`` that lists those there are."""
    path = lake / FOLDER / name / DESTINATION
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        content |= {k: tuple(content[k]) for k in ("tables", "redact")}
        return checked(Destination(**content))
    except FileNotFoundError:
        known = ", ".join(names(lake)) or "none yet"
        raise LictorError(f"no destination {name!a} in this lake; there are: {known}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LictorError(f"{path}: cannot be read ({error}): start its export again, which writes it anew") from None


def names(lake: Path) -> list[str]:
    """Names of the destinations that this lake was exported to."""
    return sorted(p.parent.name for p in (lake / FOLDER).glob(f"*/{DESTINATION}"))


def name_of(url: str) -> str:
    """A name for a destination that was given none: its URL in letters that a file name takes.

    Of the options only those count that say where events go: a new ``ca`` must not begin the export anew.
    """
    place, _, query = url.partition("?")
    where = [place, *(value for name, value in parse_qsl(query) if name in _PLACES)]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(where)).strip("-.") or "stdout"
    if len(plain) <= _LONGEST:
        return plain
    return f"{plain[: _LONGEST - 13]}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"
