"""Which reader a recorded file of Windows belongs to, by how it begins; its name counts only where that is damaged."""

from __future__ import annotations

from pathlib import Path

from collectors.interface import CollectorError
from collectors.replay.etl import EtlCollector
from collectors.replay.evtx import EvtxCollector
from collectors.replay.evtx_file import MAGIC

Recorded = EtlCollector | EvtxCollector


def reader(path: Path) -> Recorded:
    """The reader for a file, not open yet; raises ``CollectorError`` where the file cannot be read at all."""
    try:
        with path.open("rb") as file:
            begin = file.read(8)
    except IsADirectoryError as error:
        raise CollectorError(f"{path}: is a folder; name the files in it") from error
    except OSError as error:
        raise CollectorError(f"{path}: cannot be read: {error.strerror}") from error
    if begin == MAGIC or path.suffix.lower() == ".evtx":
        return EvtxCollector(path)
    return EtlCollector(path)
