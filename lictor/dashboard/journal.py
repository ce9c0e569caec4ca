"""Writes who looked at what in the dashboard, and did what there: rows of ``console``, durable before anything is shown or done."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pyarrow as pa

from dashboards.interface import Account, DashboardError
from pipeline import schema
from pipeline.lake.errors import LakeError
from pipeline.lake.writer import LakeWriter

_SCHEMA = schema.lake_schema("console")


class LakeJournal:
    """Writes into the lake of ``writer``, which others may use too."""

    def __init__(self, writer: LakeWriter) -> None:
        self._writer = writer

    def write(self, account: Account, act: str, **columns: Any) -> None:
        """One row; ``detail`` may be anything that JSON can hold. Raises ``DashboardError`` where it cannot be kept."""
        if stray := columns.keys() - set(_SCHEMA.names):
            raise TypeError(f"console has no column {min(stray)!r}")
        row = {
            "id": uuid.uuid4().hex, "time": time.time_ns() // 1000, "host": self._writer.host, "account": account.name,
            "role": account.role.name, "account_source": account.source, "act": act, **columns,
        }  # fmt: skip
        if row.get("detail") is not None:
            row["detail"] = json.dumps(row["detail"], ensure_ascii=False, default=str)
        try:
            self._writer.append("console", pa.Table.from_pylist([row], schema=_SCHEMA))
            self._writer.sync()
            self._writer.tick()  # hands over logs that are old: nobody else asks this writer to
        except LakeError as error:
            raise DashboardError(f"this cannot be recorded, so it is not done: {error}") from error
