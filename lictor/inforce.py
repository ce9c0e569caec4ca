"""The policies in force: compiled for each run, followed as their files change, every version kept.

A change is taken over whole or not at all: the files are read and compiled for every run
first, and what is wrong with them is told and recorded while the old version goes on.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lictor.policy_files import PolicyFiles
from lictor.runtime import paused_file
from lictor.system import here
from pipeline import schema
from pipeline.policy.compile import OWN_FILES, Program, RunContext, compile_policies
from pipeline.policy.load import read_policies
from pipeline.policy.model import Policy

Keep = Callable[[str, pa.Table], None]


class PoliciesInForce:
    """Policies of one service; without any, nothing is judged."""

    def __init__(
        self, policies: Sequence[Policy], *, audit: bool, report: Callable[[str], None], keep: Keep, follow: bool = True
    ) -> None:
        """``keep`` takes rows of a lake table; ``follow`` says whether changes of the files are looked for."""
        self.policies = tuple(policies)
        self._mode = "audit" if audit else None
        self._report = report
        self._keep = keep
        self._kept: set[str] = set()
        self._touched: str | None = None
        self._files = PolicyFiles() if follow and policies else None

    def open(self) -> None:
        """Begin to look for changes."""
        self._watch()

    def close(self) -> None:
        """Look for changes no more."""
        if self._files is not None:
            self._files.close()

    def compile(self, context: RunContext, policies: Sequence[Policy] | None = None) -> Program | None:
        """The program for one run, ``None`` without policies; raises ``PolicyError``."""
        policies = self.policies if policies is None else policies
        if not policies:
            return None
        now = replace(context, now_ns=time.time_ns())
        return compile_policies(policies, now, mode=self._mode, guarded=self._guarded(policies))

    def _guarded(self, policies: Sequence[Policy]) -> list[str]:
        """What nobody who is bound by them may write: their files, and the switch that lifts them."""
        files = [*_files_of(policies), os.path.realpath(paused_file())] if self._files else []
        return [here.pattern_path(file) for file in files]

    def tell_scopes(self, program: Program) -> None:
        """Say which policies do not apply to a run."""
        for name in program.out_of_scope:
            self._report(
                f"policy {name} does not apply here: its scope names other agents, users, hosts or repositories"
            )

    def changed(self) -> bool:
        """Whether a policy file was written since the last look, by somebody whom it does not bind."""
        if self._files is None or not self._files.changed():
            return False
        why, self._touched = self._touched, None
        if why is not None:
            self.refuse(why)
        return why is None

    def notice(self, batch: pa.RecordBatch) -> None:
        """Look whether a run has touched a policy file: a rename is stopped only after the fact.

        Rows come within some 20 ms, and a changed file is read when it has been quiet for ten times as long.
        """
        if self._files is None or "rule" not in batch.schema.names:
            return
        rules = batch.column("rule")
        if OWN_FILES in rules.unique().to_pylist():
            rows = batch.filter(pc.equal(rules.cast(pa.string()), OWN_FILES))
            self._touched = _touched(rows)

    def reread(self) -> list[Policy]:
        """The policies as the files have them now; raises ``PolicyError``."""
        return read_policies([policy.source_path for policy in self.policies])

    def take(self, policies: Sequence[Policy]) -> None:
        """These are in force from here on."""
        self.policies = tuple(policies)
        self._watch()
        self.keep_versions()

    def keep_versions(self) -> None:
        """Rows of ``policies`` for each version that is not in the lake yet."""
        for policy in self.policies:
            if policy.version not in self._kept:
                self._kept.add(policy.version)
                rows = [
                    _row(policy.version, policy.name, "in_force", file, text, None)
                    for file, text in policy.texts.items()
                ]
                self._keep("policies", _table(rows))

    def refuse(self, reason: str) -> None:
        """The files were changed to something that cannot be in force."""
        self._report(f"the changed policy is refused and the version before stays in force: {reason}")
        rows = [
            _row(None, policy.name, "refused", policy.source_path, _read(policy.source_path), reason)
            for policy in self.policies
        ]
        self._keep("policies", _table(rows))

    def _watch(self) -> None:
        if self._files is None:
            return
        try:
            self._files.watch(_files_of(self.policies))
        except OSError as error:
            self._report(f"policy files are not watched ({error.strerror}): changes count from the next start")
            self._files = None


def _touched(rows: pa.RecordBatch) -> str:
    """Why a file that these rows are about is not read: in doubt who wrote it, it may have been the run."""
    run = rows.column("agent_run").cast(pa.string())[0].as_py()
    if "process_key" in rows.schema.names and rows.column("process_key").null_count < rows.num_rows:
        return f"its file was changed from within run {run}; write it anew from outside to put it in force"
    return f"its file was changed while run {run} went on, and the source cannot tell by whom; it counts from the next start"


def _files_of(policies: Iterable[Policy]) -> list[str]:
    """The real paths of all files of all policies, as the kernel names them."""
    return sorted({os.path.realpath(file) for policy in policies for file in policy.texts})


def _read(file: str) -> str | None:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _row(
    version: str | None, name: str, state: str, file: str, text: str | None, reason: str | None
) -> dict[str, object]:
    return {
        "version": version, "policy": name, "time": time.time_ns() // 1000, "host": socket.gethostname(), "state": state,
        "file": file, "text": text, "reason": reason,
    }  # fmt: skip


def _table(rows: Sequence[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema.lake_schema("policies"))
