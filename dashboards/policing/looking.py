"""Parts of the page about policies that only show: rules and where they are enforced, warnings, tests, use, versions."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from dashboards import data
from dashboards.parts import filters, links, plain, states, table
from dashboards.policing import draft, use
from dashboards.policing.draft import Draft
from pipeline.schema import SEVERITIES

OBJECTS = 100
"""Objects of a rule that are asked for at most."""


def rules(looked: Draft) -> None:
    """Each rule, and where this machine enforces it."""
    found = pa.Table.from_pylist(draft.told("explain", looked))
    if not found.num_rows:
        states.empty("This policy has no rules and no defaults: it decides nothing.")
        return
    st.caption(
        f"{found.num_rows:,} rows; where each rule would be carried out on the machine that this dashboard runs on, and what that costs."
    )
    table.show(
        found, "policies_rules", select=False, height=560, alt="Rules and where they are enforced",
        columns=["rule", "on", "action", "enforced", "reason", "cost"],
    )  # fmt: skip


def lint(looked: Draft) -> None:
    """Warnings, and how much it leaves open."""
    warnings, (total, *parts) = draft.told("lint", looked)
    left, right = st.columns(2, gap="medium")
    with left:
        st.metric(
            "Permissiveness", f"{total['points']:.0f} of 100", border=True,
            help="0 stops everything that was tried, 100 nothing. Asked of the policy, not reckoned from its text.",
        )  # fmt: skip
        if parts:
            st.caption("What it leaves open, by weight")
            most = max(p["points"] for p in parts)
            points = st.column_config.ProgressColumn("Points", format="%.1f", min_value=0.0, max_value=most)
            table.show(
                pa.Table.from_pylist(parts), "policies_score", select=False, config={"points": points},
                height=min(38 + 35 * len(parts), 420), alt="Parts of the score",
            )  # fmt: skip
    with right:
        st.caption(f"{len(warnings):,} remarks: rules that never decide, contradict each other, or are broad")
        if warnings:
            shown = pa.Table.from_pylist(sorted(warnings, key=lambda w: -SEVERITIES.index(w["severity"])))
            table.show(
                shown,
                "policies_lint",
                select=False,
                height=520,
                columns=["severity", "kind", "rule", "text", "other", "place"],
                alt="Remarks",
            )
        else:
            states.empty("Nothing to remark.")


def tests(looked: Draft) -> None:
    """The tests inside the policy."""
    found = draft.told("tests", looked)
    if not found:
        states.empty(
            "This policy has no tests.",
            "tests: in a policy says what must be decided about which event; policies/README.md has examples.",
        )
        return
    failed = [t for t in found if not t["passed"]]
    if failed:
        st.error(f"{len(failed)} of {len(found)} tests fail.", icon=":material/error:")
    else:
        st.success(f"{len(found)} of {len(found)} tests pass.", icon=":material/check:")
    rows = pa.Table.from_pylist(sorted(found, key=lambda t: t["passed"]))
    table.show(
        rows, "policies_tests", select=False, height=520, columns=["passed", "test", "text", "place"], alt="Tests"
    )


def used(looked: Draft, chosen: filters.Filters) -> None:
    """What the policy grants against what runs used of it in the time."""
    asked = {"policy": looked.policy, **chosen.values("hosts", "agents")}
    rows = use.joined(draft.told("explain", looked), data.ask("policies_use", **asked))
    told = use.summary(rows)
    st.caption(
        f"{told.used} of {told.granting} grants were used, {told.unused} were not; {told.stopped} of {told.stopping} rules that stop something"
        " decided. All versions of the policy in this time; counted by the hour. Click a rule for what it decided about."
    )  # fmt: skip
    columns = ["rule", "action", "use", "matches", "went", "refused", "runs", "by", "last", "on", "enforced"]
    row = table.show(
        rows, "policies_use", height=420, columns=columns, alt="Rules and their use",
        names={"went": "Went through", "refused": "Refused", "by": "Agents"},
    )  # fmt: skip
    if row is None:
        return
    if row["rule"] == use.SILENT or not row["matches"]:
        states.empty("There are no rows of a rule for it.", "Rows without a rule are in the audit search.")
        return
    st.subheader(plain.label(f"What {row['rule']} decided about"))
    begin = use.newest_part(row, chosen.since)
    objects = data.ask("policies_objects", rule=row["rule"], **{**asked, "since": begin})
    if begin > chosen.since:
        st.caption(f"It decided {row['matches']:,} times: what it decided since {begin:%Y-%m-%d %H:%M} UTC is shown.")
    table.show(objects, "policies_objects", select=False, alt="Objects of a rule")
    if objects.num_rows >= OBJECTS:
        states.capped(objects.num_rows, "objects")
    span = {name: st.query_params.get(name, "") for name in ("since", "until")}
    links.to(
        "audit", f"Rows of {row['rule']}", {"rule": row["rule"], "agents": chosen.agents, "hosts": chosen.hosts, **span}
    )


def versions(looked: Draft) -> str | None:
    """Which versions the policy had; the one that was clicked."""
    found = data.ask("policies_versions", policy=looked.policy)
    st.caption("Each version that a host of this lake took over, newest first. Click one to look at it.")
    row = table.show(found, "policies_versions", columns=["version", "first", "last", "runs", "hosts"], alt="Versions")
    return row["version"] if row else None
