"""The rows of a run judged by its policy, by the same steps as a live run, and what an enforcer would have put beside them.

What the kernel did is not there to be seen: a denial of an enforcing run is written as stopped, now and then as one that failed or
was not proven, so that pages have all three to show. In audit mode everything went through.
"""

from __future__ import annotations

import posixpath
import random
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from lictor import replaying
from pipeline import schema
from pipeline.policy.compile import Program, RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.model import Policy
from tools.sampling.plan import Run

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = "/etc/lictor/policies"
"""Where the policies of the sample's hosts lie."""
HELD = ("ask", "freeze")
ACTING = ("ask", "deny", "freeze", "quarantine", "isolate", "kill")
_PROOFS = ("confirmed",) * 17 + ("unverified",) * 2 + ("failed",)


@dataclass
class Judged:
    """Rows of a run by table; ``acted`` are the rows of ``activity`` that something was done about."""

    activity: pa.Table
    run: dict[str, Any]
    findings: list[dict[str, Any]] = field(default_factory=list)
    acted: list[dict[str, Any]] = field(default_factory=list)


def policies_of(run: Run) -> list[Policy]:
    """The policies of a run; none for one that nobody manages. Raises ``PolicyError``."""
    return [installed(policy_file(run))] if run.policy else []


@lru_cache
def installed(file: Path, change: tuple[str, str] = ("", "")) -> Policy:
    """A policy of this tree as the sample's hosts have it, below ``INSTALLED``; ``change`` replaces a text in it, once."""
    folder = next(
        f for f in (ROOT / "policies", ROOT / "sample-traces", Path(__file__).parent) if file.is_relative_to(f)
    )

    def fetch(name: str, including: str) -> tuple[str, str]:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(including), name))
        return (folder / posixpath.relpath(path, INSTALLED)).read_text("utf-8"), path

    text = file.read_text("utf-8").replace(*change, 1) if change[0] else file.read_text("utf-8")
    return load_policy(text, f"{INSTALLED}/{file.relative_to(folder)}", fetch)


def policy_file(run: Run) -> Path:
    """Where the policy of a run lies in this tree."""
    places = {
        "careful": Path(__file__).parent / "careful.yaml",
        "sample": ROOT / "sample-traces" / run.sample / "policy.yaml",
    }
    return places.get(run.policy, ROOT / "policies" / f"{run.policy}.yaml")


def context_of(run: Run) -> RunContext:
    """What the variables and scopes of a policy are compared with."""
    return RunContext(run.workspace, run.home, {}, run.user, run.host.name, run.agent)


def judged(rows: pa.Table, run: Run) -> Judged:
    """Rows with verdicts, the run's row, findings of policies. Raises ``PolicyError``."""
    policies = policies_of(run)
    kept: dict[str, list[pa.Table]] = {"activity": [], "runs": [], "findings": []}

    def sink(table: str, part: pa.RecordBatch | pa.Table) -> None:
        kept[table].append(schema.conform(part, table))

    judgement = replaying.Judgement()
    if policies:
        mode = "audit" if run.mode == "audit" else None
        program: Program = compile_policies(policies, context_of(run), mode=mode)
        versions = tuple(layer.version for layer in program.layers)
        judgement = replaying.Judgement(replaying.judging(program), program.name, program.version, versions)
    replaying.replay(iter([as_batch(rows)]), judgement, sink=sink)
    activity, acted = _enforced(pa.concat_tables(kept["activity"]), run)
    changed: dict[str, Any] = {"mode": run.mode, "source": "ebpf"}
    if run.goes_on:
        changed |= {"state": "started", "ended": None, "exit_code": None, "events": None, "denied": None}
    (about,) = pa.concat_tables(kept["runs"]).to_pylist()
    findings = [row for part in kept["findings"] for row in part.to_pylist()]
    return Judged(activity, about | changed, findings, acted)


def as_batch(rows: pa.Table) -> pa.RecordBatch:
    """Rows as the pipeline has them in memory: texts as dictionaries, columns without a value left out."""
    columns = {}
    for name in rows.schema.names:
        column = rows.column(name).combine_chunks()
        if column.null_count < len(column):
            columns[name] = column.dictionary_encode() if pa.types.is_string(column.type) else column
    return schema.batch("activity", columns)


def _enforced(rows: pa.Table, run: Run) -> tuple[pa.Table, list[dict[str, Any]]]:
    """What became of each event that a verdict other than allow or audit was about."""
    rng = random.Random(run.id + "proof")  # noqa: S311 - a sample, no secret
    listed = rows.to_pylist()
    acted = []
    for row in listed:
        if row["verdict"] not in ACTING:
            if row["outcome"] == "denied":  # the recorded policy's doing
                row |= {"outcome": "success", "errno": 0}
        elif run.mode == "audit":
            row |= {"outcome": "success", "errno": 0}
        else:
            row.update(_proven(row, rng))
            acted.append(row)
    return pa.Table.from_pylist(listed, schema.lake_schema("activity")), acted


def _proven(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    proof = rng.choice(_PROOFS)
    stopped = row["verdict"] == "deny" and proof != "failed"
    network = row["class"] == "network"
    return {
        "action": row["verdict"], "enforcement": proof,
        "enforced_at": "kernel" if row["verdict"] in {"deny", "ask"} and proof != "failed" else "userspace",
        "outcome": "denied" if stopped else "success", "errno": 1 if stopped and network else 0,
    }  # fmt: skip
