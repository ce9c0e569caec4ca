"""The part of the page about health that looks into the lake's folder: what lies there, how it hangs together, who follows it, and a check of all of it."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from dashboards import context, who
from dashboards.interface import Role
from dashboards.keeping import folder, following
from dashboards.keeping.folder import Holding, Kept
from dashboards.parts import jobs, states, table
from pipeline.escape import visible
from pipeline.lake.reader import Lake

CHECK = "lake check"
TIMEOUT_S = 3600.0
SHOWN = 20
"""Lines about damages that are shown; all are counted."""
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")


def lake() -> Kept | None:
    """The lake where its folder is on this machine."""
    found = context.ports().lake
    return found if isinstance(found, Kept) else None


def content(kept: Kept) -> Holding:
    """Tables with rows, segments and bytes; goes on reading where there are many records."""
    found = folder.held(kept.root)
    if found.whole:
        _content(found)
        return found
    st.fragment(_reading, run_every=1.0)(kept)
    return found


def hanging(found: Holding) -> None:
    """Whether the logs of each writer follow each other without a gap."""
    told = folder.chains(found)
    if not found.whole:
        st.caption("Waits for all commit records to be read.")
    elif told.broken:
        st.error(
            f"{len(told.broken)} logs do not begin where the one before them ended: they were changed or replaced.",
            icon=":material/link_off:",
        )
        _lines(told.broken)
    elif told.missing:
        st.warning(
            f"{len(told.missing)} records are missing between others of the same writer: they were removed.",
            icon=":material/link_off:",
        )
        _lines(told.missing)
    elif not told.holds:
        st.text("No writer has more than one log here: there is nothing to compare.")
    else:
        st.text(
            f"{told.holds:,} links between logs of {told.writers:,} writers hold as far as they are here; none is missing or broken."
        )
    st.caption(
        "A log begins with the last chain value of the one before it. Whoever can write the lake can write all of it anew: this shows"
        " accidents and clumsy changes, not more."
    )  # fmt: skip


def damages(kept: Kept, found: Holding) -> None:
    """What is known to be damaged, and a check that reads everything."""
    known = [
        {"log": r.stem, "host": r.host, **{n: d.get(n) for n in ("reason", "offset", "length", "rows")}}
        for r in found.records
        for d in r.damages
    ]
    if known:
        st.text(
            f"{len(known):,} places in logs could not be read when they were sealed; their bytes are kept in the folder damaged."
        )
        table.show(pa.Table.from_pylist(known), "health_damages", select=False, alt="Damages of logs")
    for line in found.trouble[:SHOWN]:
        states.failed(line)
    if not known and not found.trouble and found.whole:
        st.text("No commit record tells of damage.")
    allowed = who.may(Role.analyst)
    if st.button(
        "Check every segment and log", key="health_check", icon=":material/fact_check:", disabled=not allowed,
        help="Reads the whole lake and compares it with its checksums" if allowed else "Needs the role analyst",
    ):  # fmt: skip
        begin(kept)
    job = jobs.jobs.find(who.account(), CHECK)
    if job is not None and not job.future.done():
        jobs.wait_for(job)
    elif job is not None and job.state == "failed":
        states.failed(job.error)
    elif job is not None:
        _checked(job)


def begin(kept: Kept) -> None:
    """Begin a check, which is recorded. Raises ``DashboardError``."""
    account = who.demand(Role.analyst)
    context.ports().journal.write(account, "search", page="health", object=CHECK, detail={"timeout": TIMEOUT_S})
    jobs.jobs.start(
        account,
        CHECK,
        "Reads every segment and log and compares it with its checksums",
        lambda: Lake(kept.root).check(timeout=TIMEOUT_S),
    )


def followers(kept: Kept) -> None:
    """Detections and exports, and how far each has read."""
    rows = following.followers(kept.root)
    if rows.num_rows:
        table.show(
            rows,
            "health_feeds",
            select=False,
            alt="Followers of the lake",
            names={"behind": "Logs not read to their end", "last": "Last commit"},
        )
        st.caption(
            "The log that is being written is never read to its end: one or a few are no backlog. Times are those of the position's file."
        )
    else:
        states.empty(
            "Nobody follows this lake.", "lictor detect and lictor export keep their position here once they run."
        )


def size(count: int) -> str:
    """Bytes as people say them."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count:,} bytes" if unit == 0 else f"{value:.3g} {_UNITS[unit]}"


def _content(found: Holding) -> None:
    rows = folder.tables(found)
    listed = rows.to_pylist()
    total = sum(r["bytes"] for r in listed)
    labels = pa.array([size(r["bytes"]) for r in listed], pa.string())
    st.text(
        f"{len(found.records):,} sealed logs became {sum(r['segments'] for r in listed):,} segments with {sum(r['rows'] for r in listed):,} rows,"
        f" {size(total)}. {found.logs:,} logs ({size(found.log_bytes)}) are not sealed yet; {found.set_aside:,} pieces are set aside as damaged."
    )  # fmt: skip
    table.show(
        rows.append_column("size", labels), "health_tables", select=False, alt="Tables of the lake",
        columns=["table", "rows", "segments", "size", "oldest", "newest"],
    )  # fmt: skip


def _reading(kept: Kept) -> None:
    found = folder.held(kept.root)
    if found.whole:
        st.rerun()
    st.progress(
        len(found.records) / max(found.known, 1),
        text=f"{len(found.records):,} of {found.known:,} commit records read; so far:",
    )
    _content(found)


def _checked(job: jobs.Job) -> None:
    found: list[str] = job.result
    st.caption(f"Checked in {job.seconds:.1f} s")
    if not found:
        st.success("Every segment and log agrees with its checksums.", icon=":material/check:")
        return
    st.error(f"{len(found):,} damages.", icon=":material/error:")
    _lines(tuple(found))


def _lines(lines: tuple[str, ...]) -> None:
    st.code("\n".join(visible(line) for line in lines[:SHOWN]), language=None, wrap_lines=True)
    if len(lines) > SHOWN:
        states.capped(SHOWN, "lines")
