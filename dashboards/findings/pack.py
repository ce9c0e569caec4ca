"""The evidence pack of a finding: one ZIP file that a person can hand on, with a list of what is in it and the hash of each file.

Pure: tables in, bytes out. Text that an agent wrote stays as it is in Parquet, and is written with escapes in JSON.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dashboards.findings.proof import Proof
from queries.hunting import Hunt

README = """Evidence pack of finding {id}
Made {made} UTC by {account} ({role}) in the dashboard of Lictor{lictor}.

finding.json          the finding, as the lake has it, with its status at that moment
detection.json        what found it; where that is a hunt, hunt.sql is its question, as this version of Lictor asks it
evidence.parquet      the rows of activity that it rests on, every column, as they are in the lake
evidence.jsonl        the same rows, one JSON object a line
actions.jsonl         what was done in the run from {around_since} to {around_until} UTC, and how that was proven
run.jsonl             the run
coverage.jsonl        what was watched on the host from {since} to {until} UTC, and what was lost
policies.jsonl        policy texts, by version (SHA-256): those that decided about a row, and those in force then
triage.jsonl          who set which status of the finding, newest first
manifest.json         each file of this pack with its size and SHA-256

How much this proves
- This pack is not signed, and the rows are in no ledger yet: the hashes in manifest.json show that a file was changed
  after the pack was made only to somebody who has the hash of the pack from elsewhere. It stands in the lake, in the
  table console (act export, object {id}), and it was shown to who made the pack.
- The finding names {named} rows; {rows} of them are in this lake and in the pack. Of a hit that rests on more than 100 rows, the first 100 are named.
- Coverage tells where events were lost. Where a line of coverage.jsonl says so, that something is not in the evidence
  does not mean that it did not happen.
- Paths, command lines and names were chosen by programs, and may have been chosen to deceive. Do not paste them
  into a shell, and open them in no program that runs formulas.
- Times are UTC, from the clock of the host. The boot clock (boottime_ns) orders rows where somebody set that clock.
"""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""ZIP files have no older time; each file of a pack has it, so that equal content gives an equal pack."""


@dataclass(frozen=True)
class Made:
    """Who made the pack, when, and with which version of Lictor (empty where that is not known)."""

    account: str
    role: str
    time: datetime
    lictor: str = ""


def packed(
    finding: Mapping[str, Any], proof: Proof, tables: Mapping[str, pa.Table], detection: Mapping[str, Any], hunt: Hunt | None,
    made: Made,
) -> bytes:  # fmt: skip
    """The pack. ``tables``: evidence, actions, run, coverage, policies, triage."""
    files = {
        "README.txt": _readme(finding, proof, tables["evidence"], made),
        "finding.json": _json(finding),
        "detection.json": _json(detection),
        "evidence.parquet": _parquet(tables["evidence"]),
        **{f"{name}.jsonl": _lines(table) for name, table in tables.items()},
    }
    if hunt is not None:
        files["hunt.sql"] = hunt.sql.encode()
    files["manifest.json"] = _json(_manifest(finding, files, made))
    return _zip(files)


def sha256(data: bytes) -> str:
    """Of the whole pack, or of one of its files."""
    return hashlib.sha256(data).hexdigest()


def _manifest(finding: Mapping[str, Any], files: Mapping[str, bytes], made: Made) -> dict[str, Any]:
    return {
        "pack": 1, "finding": finding["id"], "made": made.time, "account": made.account, "role": made.role,
        "lictor": made.lictor or None, "signed": False,
        "files": [{"name": n, "bytes": len(d), "sha256": sha256(d)} for n, d in sorted(files.items())],
    }  # fmt: skip


def _readme(finding: Mapping[str, Any], proof: Proof, evidence: pa.Table, made: Made) -> bytes:
    around_since, around_until = proof.around
    text = README.format(
        id=finding["id"], made=_moment(made.time), account=made.account, role=made.role,
        lictor=f" {made.lictor}" if made.lictor else "", around_since=_moment(around_since),
        around_until=_moment(around_until), since=_moment(proof.since), until=_moment(proof.until), named=proof.named,
        rows=evidence.num_rows,
    )  # fmt: skip
    return text.encode()


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, default=_told) + "\n").encode("ascii")


def _lines(table: pa.Table) -> bytes:
    return "".join(json.dumps(row, default=_told) + "\n" for row in table.to_pylist()).encode("ascii")


def _told(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
