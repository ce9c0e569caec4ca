"""A million rows of activity → payloads, for each format: events per second of processor time (one core), and wall time.

From the rows as the lake's feed hands them over (plain Arrow text, 50,000 at a time) to finished payloads; nothing is
sent. The rows are those of ``sample-traces/`` again and again, each copy a run of its own with processes of its own, so
that what repeats is what repeats on a host. The number of payloads and their text are checked: every one that is made
must be one line, JSON where the format says so (of the first piece), and the same in each round.
Must reach: 150,000 events per second and core for OCSF. Arguments: rounds (5), names of formats (all).
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import time

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.bench_hunts import copy, session
from pipeline.export.formats import catalog
from pipeline.export.formats.interface import Format

ROWS = 1_000_000
PIECE = 50_000
LEAST = {"ocsf": 150_000}
"""Events per second and core that a format must reach."""


def activity() -> pa.Table:
    """A million rows in order of time."""
    known = session()
    copies = [copy(known, number) for number in range(1 + ROWS // known.num_rows)]
    return pa.concat_tables(copies).slice(0, ROWS).combine_chunks()


def measured(made_by: Format, rows: pa.Table) -> tuple[float, float, str]:
    """Processor time and wall time of all pieces in seconds, and a digest of what was made."""
    digest, processor, wall = hashlib.sha256(), 0.0, 0.0
    for start in range(0, rows.num_rows, PIECE):
        piece = rows.slice(start, PIECE)
        begun, used = time.perf_counter(), time.process_time()
        payloads = made_by.encode("activity", piece)
        processor += time.process_time() - used
        wall += time.perf_counter() - begun
        digest.update(checked(made_by, payloads, piece.num_rows, whole=start == 0))
    return processor, wall, digest.hexdigest()


def checked(made_by: Format, payloads: pa.Array, wanted: int, *, whole: bool) -> bytes:
    """What tells these payloads from others; ends the script where they are not what a format promises."""
    if len(payloads) != wanted or payloads.null_count or pc.any(pc.match_substring(payloads, "\n")).as_py():
        sys.exit(
            f"{made_by.name}: {wanted} rows became {len(payloads)} payloads, {payloads.null_count} of them absent, or broken lines"
        )
    if whole and "json" in made_by.content_type:
        for text in payloads.to_pylist():
            json.loads(text)
    return str(pc.sum(pc.binary_length(payloads)).as_py()).encode() + payloads[wanted // 2].as_py().encode()


def main(arguments: list[str]) -> None:
    """Measures and prints; exit status 1 where an output is wrong or a format too slow."""
    rounds = int(arguments[0]) if arguments else 5
    rows, slow = activity(), []
    for name in arguments[1:] or catalog.NAMES:
        made_by = catalog.load(name)
        runs = [measured(made_by, rows) for _ in range(rounds + 1)][1:]
        if len({digest for _, _, digest in runs}) != 1:
            sys.exit(f"{name}: two rounds made different payloads")
        rates = sorted(ROWS / processor for processor, _, _ in runs)
        middle = statistics.median(rates)
        walls = statistics.median(ROWS / wall for _, wall, _ in runs)
        print(
            f"{name:5s} {middle:>9,.0f} events/s and core ({rates[0]:,.0f} to {rates[-1]:,.0f}); {walls:,.0f} events/s on the clock",
            flush=True,
        )
        if middle < LEAST.get(name, 0):
            slow.append(f"{name}: {middle:,.0f} events per second and core, must reach {LEAST[name]:,}")
    if slow:
        sys.exit("\n".join(slow))


if __name__ == "__main__":
    main(sys.argv[1:])
