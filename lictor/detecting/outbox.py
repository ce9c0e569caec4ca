"""Findings on their way into the lake: the one file that makes a pass happen exactly once.

A pass writes what it found here, commits the feed, writes the findings to the lake, and clears the file. After a crash
the feed's commit number tells which side of the commit it was on: before, the pass is done again and this file is
dropped; behind, the findings that are not in the lake yet are written.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from pipeline import schema
from pipeline.lake import layout
from pipeline.lake.errors import LakeError, explain

FILE = "findings.outbox"
_COMMITS = b"commits"


class Outbox:
    """The file below a feed's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def put(self, findings: pa.Table, commits: int) -> None:
        """Keep findings of a pass that follows commit number ``commits``; durable. Raises ``LakeError``."""
        sink = pa.BufferOutputStream()
        marked = findings.replace_schema_metadata({_COMMITS: str(commits).encode()})
        with pa.ipc.new_stream(sink, marked.schema) as stream:
            stream.write_table(marked)
        try:
            layout.write_whole(self._path, [sink.getvalue()])
        except OSError as error:
            raise explain(error, self._path, "keeping findings") from error

    def left(self, commits: int) -> pa.Table | None:
        """What a pass left behind that is to be written; ``commits`` is the feed's number now. Raises ``LakeError``."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise explain(error, self._path, "reading findings that were left") from error
        try:
            with pa.ipc.open_stream(content) as stream:
                table = stream.read_all()
            before = int(table.schema.metadata[_COMMITS])
        except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise LakeError(
                f"{self._path}: damaged ({error}): move it away; findings of the last pass may be missing"
            ) from error
        return None if before >= commits else table.replace_schema_metadata(None).cast(schema.lake_schema("findings"))

    def clear(self) -> None:
        """Everything is in the lake, or is to be found again. Raises ``LakeError``."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise explain(error, self._path, "clearing findings") from error
