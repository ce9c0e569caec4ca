"""The lake as the command line opens it: at its default place, with the views that people ask by name."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from lictor.errors import LictorError
from lictor.render import say
from lictor.report import text
from lictor.settings import lake_path
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries.catalog import views


def open_lake(option: Path | None) -> Lake:
    """The lake to ask; raises ``LakeError`` where it cannot be read, ``LictorError`` where there is none."""
    folder = lake_path(option)
    if not folder.is_dir():
        raise LictorError(f"{folder}: no lake there yet; lictor run makes one, --lake DIR names another")
    return Lake(folder, views=views(), report=say)


def open_writer(folder: Path) -> LakeWriter:
    """A writer into the lake, which is made where it is missing; raises ``LakeError``."""
    return LakeWriter(folder, socket.gethostname(), report=say)


def known_runs(folder: Path, runs: Sequence[str]) -> set[str]:
    """Those of the runs of which the lake has rows."""
    if not folder.is_dir() or not runs:
        return set()
    listed = ", ".join(map(text, runs))
    known = open_lake(folder).query(f"SELECT DISTINCT agent_run FROM activity WHERE agent_run IN ({listed})")  # noqa: S608 - text() quotes
    return set(known.column("agent_run").to_pylist())


def refuse_known_runs(folder: Path, runs: Sequence[str]) -> None:
    """Raises ``LictorError`` when the lake has rows of one of these runs, or one of them stands twice."""
    twice = next((run for run in runs if runs.count(run) > 1), None)
    if twice is not None:
        raise LictorError(f"run {twice!a} is in two of the traces; its rows would be counted twice")
    for run in sorted(known_runs(folder, runs))[:1]:
        raise LictorError(
            f"run {run!a} is in the lake {folder} already; its rows would be counted twice: choose another --lake"
        )
