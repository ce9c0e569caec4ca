"""The quarantine vault for the dashboard: what is in it, and the two ways out."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from dashboards.interface import Account, DashboardError, Rows
from enforcer.vault.record import Record
from lictor import quarantining
from lictor.errors import LictorError
from lictor.vault import here
from pipeline.lake.errors import LakeError
from pipeline.lake.writer import LakeWriter


class LakeVault:
    """The vault of the lake that ``writer`` writes; rows of ``actions`` go there."""

    def __init__(self, writer: LakeWriter) -> None:
        self._writer = writer
        self._vault = quarantining.vault_of(writer.root)

    def listed(self) -> Rows:
        """What is in it, oldest first."""
        try:
            return quarantining.listed(self._vault).to_pylist() if self._vault.root.is_dir() else []
        except LictorError as error:
            raise DashboardError(str(error)) from error

    def restore(self, file: str, account: Account, why: str) -> str:  # noqa: ARG002 - why is in the journal, before and after
        """Puts a file back where it was, never over another."""
        actor = f"dashboard: {account.name}"
        record = self._done(lambda: quarantining.restore(self._vault, file, self._write, actor=actor))
        return f"restored to {quarantining.shown(record.to or record.path)}; {here.restored(record).evidence}"

    def purge(self, file: str, account: Account, why: str) -> str:  # noqa: ARG002 - as above
        """Deletes a file for good; the record of it stays."""
        actor = f"dashboard: {account.name}"
        record = self._done(lambda: quarantining.purge(self._vault, file, self._write, actor=actor))
        return f"{quarantining.shown(record.path)} is gone from the vault"

    def _done(self, do: Callable[[], Record]) -> Record:
        try:
            quarantining.settle(self._vault, self._write)
            return do()
        except (LictorError, LakeError) as error:
            raise DashboardError(str(error)) from error

    def _write(self, rows: pa.Table) -> None:
        self._writer.append("actions", rows)
        self._writer.sync()
