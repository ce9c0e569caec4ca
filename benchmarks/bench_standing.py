"""What questions of the dashboard's pages cost a standing lake: from the SQL text to the Arrow table, one at a time.

The lake has many hosts, runs and days (``big_lake``), and each host's last log is not sealed; a million rows unless a folder is named:
``python -m benchmarks.bench_standing FOLDER`` takes a lake that is there, such as one of a hundred million rows. Measured are the first answer of a
lake that nobody has asked yet, from the start of its worker on; the first one after the worker has taken small tables into memory; and then each
question in turn, with another value of its filter each time, since pages keep answers for a moment. Wall time, with the processor time of the
worker beside it, which another load on the machine does not stretch. "page" is what the overview asks together.

Before it ends, the script checks that counts by the hour agree with the rows of the last day.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import big_lake
from pipeline.lake.reader import Lake
from pipeline.lake.standing import StandingLake
from queries import paging
from queries.catalog import views

ROWS, ROUNDS = 1_000_000, 6
Span = tuple[datetime, datetime]
OVERVIEW = (
    "overview_runs", "overview_verdicts", "overview_findings", "overview_sensitive", "overview_coverage", "overview_network",
)  # fmt: skip
"""What the first page asks at once; destinations are ranked afterwards, among a bounded number of events."""


def sql_of(name: str, span: Span, limit: int | None = None, **values: Any) -> str:
    """A page's question about a span, with values for the parameters that it has."""
    page = paging.pages()[name]
    known = {p.name for p in page.parameters}
    bound = {k: v for k, v in values.items() if k in known}
    if "$since" in page.sql:
        bound |= {"since": span[0], "until": span[1]}
    return paging.bound(name, bound) + (f"\nLIMIT {limit}" if limit else "")


def cpu_s() -> float:
    """Processor seconds of this process's workers that live."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[1]) == os.getpid():
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall time and processor time of the workers, in seconds."""
    begin, before = time.perf_counter(), cpu_s()
    work()
    return time.perf_counter() - begin, cpu_s() - before


def settle(lake: StandingLake) -> None:
    """Wait until the worker has taken in what it holds in memory."""
    sql = "SELECT sum(estimated_size) AS rows, count(*) AS tables FROM duckdb_tables() WHERE starts_with(table_name, '_kept_')"
    before, same = None, 0
    while same < 3:
        time.sleep(1)
        found = lake.query(sql).to_pylist()
        before, same = found, same + 1 if found == before else 0


def latest(lake: Lake) -> datetime:
    """Time of the last row that is there, without microseconds."""
    found: datetime = lake.query("SELECT max(hour) AS t FROM activity_hours")["t"][0].as_py() or datetime.now(UTC)
    return found + timedelta(hours=1)


def figure(label: str, rounds: list[tuple[float, float]]) -> None:
    wall, cpu = [w for w, _ in rounds], [c for _, c in rounds]
    spread = f"{min(wall):.3f} to {max(wall):.3f}"
    print(
        f"figure: {label}: {statistics.median(wall):.3f} s ({spread}), {statistics.median(cpu):.2f} s of processor",
        flush=True,
    )


def measure(lake: StandingLake, hosts: list[str], until: datetime) -> None:
    """Each question, with another host in its filter each time."""

    def ask(name: str, days: float, limit: int | None = None, **values: Any) -> None:
        span = until - timedelta(days=days), until
        rounds = []
        for number in range(ROUNDS):
            sql = sql_of(name, span, limit, hosts=[hosts[number % len(hosts)]], **values)
            rounds.append(timed(lambda sql=sql: lake.query(sql, span=span)))
        figure(f"{name} {days:g} d{''.join(f', {k} {v}' for k, v in values.items())}", rounds[1:])

    def page(days: float, filters: Callable[[int], Mapping[str, Any]]) -> list[tuple[float, float]]:
        span = until - timedelta(days=days), until
        rounds = []
        for number in range(ROUNDS):
            sqls = {n: sql_of(n, span, **filters(number)) for n in OVERVIEW}
            rounds.append(timed(lambda sqls=sqls: lake.query_all(sqls, span=span)))
        return rounds[1:]

    figure("page, 1 d, no filter", page(1, lambda _: {}))
    figure("page, 1 d, one host", page(1, lambda n: {"hosts": [hosts[n % len(hosts)]]}))
    figure("page, 7 d, no filter", page(7, lambda _: {}))
    ask("filter_options", 1)
    ask("run_list", 1)
    ask("overview_verdicts", 14)
    ask("overview_egress", 1)
    for days in (1 / 24, 1.0, 7.0):
        ask("audit_activity", days, 200)
    ask("audit_activity", 1.0, 200, verdicts=["deny"])
    ask("audit_activity", 1.0, 200, keyword="credentials")


def agree(lake: Lake, until: datetime) -> bool:
    """Whether counts by the hour and the events of the last day are as many."""
    since = until - timedelta(days=1)
    span = f"BETWEEN '{since}' AND '{until - timedelta(microseconds=1)}'"
    sql = f"SELECT (SELECT sum(events) FROM activity_hourly WHERE hour {span}) = (SELECT count(*) FROM activity WHERE time {span}) AS same"  # noqa: S608 - moments
    return bool(lake.query(sql, span=(since, until), timeout=300)["same"][0].as_py())


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(arguments[0]) if arguments else Path(made)
        if not arguments:
            end = int(big_lake.END.timestamp()) * 10**9
            big_lake.write(big_lake.plan_of(folder, ROWS, 24, 14, end_ns=end, live=True), os.cpu_count() or 1)
        one = Lake(folder, views=views(), verify_bytes=0)
        until = latest(one)
        if not agree(one, until):
            sys.exit("bench_standing: counts by the hour and events do not agree")
        span = until - timedelta(days=1), until
        first = {n: sql_of(n, span) for n in OVERVIEW}
        begin = time.perf_counter()
        lake = StandingLake(folder, views=views(), workers=1)
        found = lake.query_all(first, span=span, timeout=120)
        if broken := [str(answer) for answer in found.values() if isinstance(answer, Exception)]:
            sys.exit(f"bench_standing: {broken[0]}")
        print(
            f"figure: start of a worker to the first page: {time.perf_counter() - begin:.2f} s, {cpu_s():.2f} s of processor"
        )
        settle(lake)
        print(
            f"figure: until small tables are in memory: {time.perf_counter() - begin:.0f} s, {cpu_s():.1f} s of processor"
        )
        hosts = sorted(h for h in lake.query("SELECT DISTINCT host FROM activity_hours")["host"].to_pylist() if h)
        measure(lake, hosts, until)
        lake.close()


if __name__ == "__main__":
    main(sys.argv[1:])
