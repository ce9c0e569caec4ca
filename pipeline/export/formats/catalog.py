"""The formats by name. Each is imported when it is asked for, so that a command starts quickly."""

from __future__ import annotations

from importlib import import_module

from pipeline.export.formats.interface import Format, FormatError

_PLACES = {
    "json": ("pipeline.export.formats.json_lines", "JsonLines"),
    "ocsf": ("pipeline.export.formats.ocsf.format", "Ocsf"),
    "ecs": ("pipeline.export.formats.ecs", "Ecs"),
    "cef": ("pipeline.export.formats.cef", "Cef"),
    "leef": ("pipeline.export.formats.leef", "Leef"),
    "asim": ("pipeline.export.formats.asim", "Asim"),
    "udm": ("pipeline.export.formats.udm", "Udm"),
}

NAMES: tuple[str, ...] = tuple(_PLACES)
"""What may stand behind ``--as``."""


def load(name: str) -> Format:
    """The format of that name. Raises ``FormatError`` that lists the names there are."""
    if name not in _PLACES:
        raise FormatError(f"there is no format {name!r}: choose one of {', '.join(NAMES)}")
    module, cls = _PLACES[name]
    made: Format = getattr(import_module(module), cls)()
    return made
