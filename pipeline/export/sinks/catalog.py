"""The sink that a URL means. Each is imported when it is asked for, so that a command starts quickly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pipeline.export.errors import ExportError
from pipeline.export.sinks.address import parse
from pipeline.policy.words import near

if TYPE_CHECKING:
    from pipeline.export.sinks.interface import Settings, Sink

_PLACES = {
    "stdout": "stdout",
    "file": "file",
    "syslog+udp": "syslog",
    "syslog+tcp": "syslog",
    "syslog+tls": "syslog",
    "splunk+http": "hec",
    "splunk+https": "hec",
    "elasticsearch+http": "elasticsearch",
    "elasticsearch+https": "elasticsearch",
    "otlp+http": "otlp",
    "otlp+https": "otlp",
    "kafka": "kafka",
    "sentinel+http": "sentinel",
    "sentinel+https": "sentinel",
    "s3": "s3",
}

SCHEMES: tuple[str, ...] = tuple(_PLACES)
"""What a destination's URL may begin with."""


def open_sink(url: str, settings: Settings) -> Sink:
    """The sink behind a URL, ready to send; raises ``ExportError``."""
    address = parse(url)
    if address.scheme not in _PLACES:
        hint = near(address.scheme, SCHEMES) or f"; known here: {', '.join(SCHEMES)}"
        raise ExportError(f"--to: no receiver is called '{address.scheme}:'{hint}")
    made: Sink = import_module(f"pipeline.export.sinks.{_PLACES[address.scheme]}").open_sink(address, settings)
    return made
