"""Makes a lake in which every page of the dashboard has something to show: ``python -m tools.sample_lake FOLDER``.

The sessions of ``sample-traces`` are moved to several hosts, users, agents and the last days, each judged by the policy of its run with
the steps of a live one. Around them stands what no trace holds (``tools.sampling``), and detections look over all of it. The same seed and
time make the same rows. It is a sample: nobody was harmed, and nothing of it is a measurement.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from enforcer.interface import Order
from lictor.cli.app import invoke
from lictor.quarantining import quarantine, vault_of
from pipeline import schema
from pipeline.flow import started_programs
from pipeline.lake import commits, layout
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from tools.sampling import acting, asides, judging, moving, people, watched
from tools.sampling.plan import HOSTS, Run, plan

LOSSY = 11
"""After each so manieth run some events were lost."""
SEED = 20261126


def make(
    folder: Path, *, now: datetime, days: int = 14, scale: int = 2, seed: int = SEED, detections: bool = True
) -> list[Run]:
    """Fill the lake at ``folder``, which must not be there yet; the runs that are in it. Raises ``FileExistsError``.

    ``detections``: whether they look over it, which takes half of the time.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name another folder, or remove it")
    runs = list(plan(now, days, scale, seed))
    with LakeWriter(folder, "sample") as writer:
        watch = watched.Watch()
        for run in runs:
            for table, rows in _of_run(run, watch, now):
                writer.append(table, rows)
            writer.tick()
        for host in HOSTS:
            writer.append("coverage", watched.table(watch.coverage(host.name, now - host.silent)))
        writer.append("coverage", watched.table([watched.torn("dev-anna", runs[0].boot.id, now - timedelta(hours=30))]))
        writer.append("policies", _table("policies", people.policies(runs, now, days)))
    if detections:
        with contextlib.redirect_stdout(io.StringIO()):
            invoke(["detect", "--once", "--lake", str(folder)])
    found = Lake(folder).query("SELECT id, time, agent_run FROM findings ORDER BY time, id").to_pylist()
    with LakeWriter(folder, "sample") as writer:
        writer.append("console", _table("console", people.console(found, runs, now, days)))
    _taken_away(folder, runs[-1])
    return runs


@lru_cache
def _recorded(sample: str) -> pa.Table:
    return moving.recorded(sample)


def _of_run(run: Run, watch: watched.Watch, now: datetime) -> Iterator[tuple[str, pa.Table]]:
    """All that one run leaves in the lake: (table, rows)."""
    rows = asides.beside(moving.moved(_recorded(run.sample), run), run)
    if run.goes_on:
        rows = rows.filter(pa.compute.less(rows["time"], pa.scalar(now, schema.TIME)))
    lost = 40 + run.number % 400 if run.number % LOSSY == LOSSY - 1 else 0
    made = judging.judged(watch.number(rows, run, lost), run)
    yield "activity", made.activity
    programs = started_programs(judging.as_batch(made.activity))
    if programs is not None:
        yield "processes", schema.conform(programs, "processes")
    begun = made.run | {
        "state": "started",
        "time": made.run["started"],
        "ended": None,
        "exit_code": None,
        "events": None,
        "denied": None,
    }
    ended = [] if run.goes_on else [made.run | {"lost": lost}]
    yield "runs", _table("runs", [begun, *ended])
    yield "findings", _table("findings", made.findings)
    yield "actions", _table("actions", acting.actions(made.acted, run))
    for table, row in acting.requests(made.acted, run, now):
        yield table, _table(table, [row])


def _table(name: str, rows: Any) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema.lake_schema(name))


def _taken_away(folder: Path, run: Run) -> None:
    """Two files in the lake's vault, really taken away: they can be restored and purged."""
    beside = folder / "sample-files"
    beside.mkdir()
    for name, content in (("helper.bin", b"\x7fELF sample\n"), ("invoice\u202efdp.exe", b"MZ sample\n")):
        file = beside / name
        file.write_bytes(content)
        quarantine(
            vault_of(folder),
            Order("quarantine", run.id, 0, 0, str(file), rule="downloads-apart", policy="careful", actor="policy"),
        )


def counted(folder: Path) -> Counter[str]:
    """Rows of each table, as the commit records have them."""
    counts: Counter[str] = Counter()
    for stem in layout.stems(folder / layout.COMMITS, ".json"):
        commit = commits.read(folder, stem)
        counts.update(commit.rows if commit else {})
    return counts


def main() -> None:
    """Make the lake that the command line asks for, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--scale", type=int, default=2, help="runs per host and day")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    runs = make(options.folder, now=datetime.now(UTC), days=options.days, scale=options.scale, seed=options.seed)
    print(f"{options.folder}: {len(runs)} runs on {len(HOSTS)} hosts")
    for table, rows in counted(options.folder).items():
        print(f"  {table}: {rows:,} rows")


if __name__ == "__main__":
    main()
