"""From a destination's URL and options to checked values; a secret in either is refused.

A URL stands in process lists, shell histories and tickets, so secrets come from an environment variable or a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline.export.errors import ExportError
from pipeline.policy.quantities import NS
from pipeline.policy.words import near

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET = re.compile(
    r"(^|[._-])(token|password|passwd|secret|api[_-]?key|access[_-]?key|sig|credential)s?$", re.IGNORECASE
)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Address:
    """A destination's URL, taken apart; ``netloc`` as it stands (Kafka names several brokers there)."""

    scheme: str
    netloc: str = ""
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The URL without its options, for messages."""
        return f"{self.scheme}:{'//' + self.netloc if self.netloc or self.scheme == 'file' else ''}{self.path}"

    def host(self, port: int | None = None) -> tuple[str, int]:
        """Host and port; raises ``ExportError`` where one is missing."""
        try:
            parts = urlsplit(f"//{self.netloc}")
            found = parts.port or port
        except ValueError as error:
            raise ExportError(f"{self.shown}: {error}: write {self.scheme}://HOST:PORT") from None
        if not parts.hostname or found is None:
            raise ExportError(
                f"{self.shown}: no {'host' if not parts.hostname else 'port'}: write {self.scheme}://HOST:PORT"
            )
        return parts.hostname, found


def parse(url: str) -> Address:
    """Take a URL apart; raises ``ExportError`` for one that holds a secret or cannot be read."""
    if url == "-":
        return Address("stdout")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ExportError(f"--to: not a URL ({error}): for instance file:///var/log/lictor.jsonl") from None
    if not parts.scheme:
        raise ExportError("--to: not a URL: for instance file:///var/log/lictor.jsonl, or - for standard output")
    if "@" in parts.netloc:
        raise ExportError(
            "--to: a URL may not hold a user or password: name them by --option user=… and --secret password=env:NAME"
        )
    if parts.fragment:
        raise ExportError("--to: a URL may not have a part behind '#': write it as %23")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    refuse_secrets(query)
    return Address(parts.scheme.lower(), parts.netloc, unquote(parts.path), query)


def refuse_secrets(options: Mapping[str, str]) -> None:
    """Raise ``ExportError`` for an option that is a secret by its name."""
    name = next((n for n in options if _SECRET.search(n)), None)
    if name is not None:
        raise ExportError(f"option {name}: a secret is not an option: --secret {name}=env:NAME or {name}=file:PATH")


class Options:
    """Options of one destination: each is asked for by its name, and what nobody asked for is an error."""

    def __init__(self, address: Address, given: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        refuse_secrets(given)
        self._where = address.shown
        self._left = {**address.query, **given}
        self._secrets = dict(secrets)
        self._known: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """A text; ``default`` where it is not given."""
        self._known.append(name)
        return self._left.pop(name, default)

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no."""
        value = self.text(name, str(default)).lower()
        if value not in _TRUE | _FALSE:
            raise self.wrong(name, value, "true or false")
        return value in _TRUE

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of these; the first by default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise self.wrong(name, value, f"one of {', '.join(choices)}")
        return value

    def number(self, name: str, default: int, least: int = 1) -> int:
        """A whole number."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdecimal() and len(value) < 16 and int(value) >= least):
            raise self.wrong(name, value, f"a whole number, at least {least}")
        return int(value)

    def size(self, name: str, default: int) -> int:
        """Bytes, such as ``100MB`` or ``16MiB``."""
        value = self.text(name, str(default))
        try:
            return size(value)
        except ValueError:
            raise self.wrong(name, value, "a size such as 100MB or 16MiB") from None

    def seconds(self, name: str, default: float) -> float:
        """A time span in seconds, such as ``90s``, ``5m`` or ``1d``."""
        value = self.text(name, f"{default:g}s")
        try:
            return span(value)
        except ValueError:
            raise self.wrong(name, value, "a time span such as 30s, 5m or 1d") from None

    def prefixed(self, prefix: str) -> dict[str, str]:
        """Options whose names begin so, without the prefix."""
        self._known.append(f"{prefix}…")
        names = [n for n in self._left if n.startswith(prefix)]
        return {n.removeprefix(prefix): self._left.pop(n) for n in names}

    def secret(self, name: str) -> str | None:
        """A secret, ``None`` where it is not given."""
        return self._secrets.pop(name, None)

    def done(self) -> None:
        """Raise ``ExportError`` for options and secrets that this receiver does not have."""
        for name in self._left:
            hint = near(name, self._known) or f"; known here: {', '.join(sorted(set(self._known)))}"
            raise ExportError(f"{self._where}: unknown option '{name}'{hint}")
        for name in self._secrets:
            raise ExportError(f"{self._where}: takes no secret '{name}': leave it out")

    def wrong(self, name: str, value: str, wanted: str) -> ExportError:
        """The error for an option with a bad value."""
        return ExportError(f"{self._where}: option {name} is {value!a}: it must be {wanted}")


def size(text: str) -> int:
    """Bytes of a text such as ``16MiB``; raises ``ValueError``."""
    number, unit = _split(text)
    return int(number * _BYTES[unit.lower()]) if unit.lower() in _BYTES else _no(text)


def span(text: str) -> float:
    """Seconds of a text such as ``5m``; raises ``ValueError``."""
    number, unit = _split(text)
    return number * NS[unit or "s"] / NS["s"] if (unit or "s") in NS else _no(text)


def _split(text: str) -> tuple[float, str]:
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return float(found[1]), found[2]


def _no(text: str) -> int:
    raise ValueError(text)
