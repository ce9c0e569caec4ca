"""Agents: which there are, how they are governed, what they were started with, and how much risk each is, with the reasons."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import data
from dashboards.agents import known, risk
from dashboards.interface import DashboardError
from dashboards.parts import filters, links, plain, states, table

SHOWN = [
    "agent",
    "host",
    "user",
    "risk",
    "level",
    "managed",
    "last_mode",
    "last_policy",
    "approved",
    "bypass",
    "runs",
    "running",
    "denied",
    "first_seen",
    "last_seen",
]
ONLY = {"unmanaged": "Unmanaged", "bypass": "Approvals switched off", "unapproved": "Not approved"}

chosen = filters.bar("agents", "hosts", "users", default="30d")
span: dict[str, Any] = {"since": chosen.since, "until": chosen.until}
found = data.ask_all({
    "agents_inventory": chosen.values("agents", "hosts", "users"), "agents_bypass": {**span, "flags": known.bypass_flags()},
})  # fmt: skip
flags: dict[str, list[dict[str, Any]]] = {}
for flag in found["agents_bypass"].to_pylist():
    flags.setdefault(flag["agent_id"], []).append(flag)


def told(agent: dict[str, Any]) -> dict[str, Any]:
    """An agent of the inventory with what is concluded from it."""
    own = flags.get(agent["agent_id"], [])
    points = risk.score(risk.reasons(agent, own))
    return agent | {
        "risk": points, "level": risk.level(points), "managed": "no" if agent["last_mode"] == "none" else "yes",
        "approved": "yes" if agent["agent"] in known.approved() else "no", "bypass": ", ".join(sorted({str(f["flag"]) for f in own})) or None,
    }  # fmt: skip


agents = sorted((told(row) for row in found["agents_inventory"].to_pylist()), key=lambda a: (-a["risk"], a["agent_id"]))


def listed() -> None:
    """All of them, the riskiest first."""
    only = st.pills("Only", list(ONLY), selection_mode="multi", format_func=ONLY.__getitem__, key="agents_only")
    fits = {
        "unmanaged": lambda a: a["unmanaged"],
        "bypass": lambda a: a["bypass"],
        "unapproved": lambda a: a["approved"] == "no",
    }
    rows = [a for a in agents if all(fits[o](a) for o in only)]
    if not rows:
        states.empty(
            "No agent ran in this time, for these filters.", "lictor watch finds the agents of a machine as they start."
        )
        return
    row = table.show(pa.Table.from_pylist(rows), "agents_list", columns=SHOWN, alt="Agents, the riskiest first", config={
        "risk": st.column_config.ProgressColumn("Risk", min_value=0, max_value=100, format="%d"),
    })  # fmt: skip
    st.caption("One row for each product, host and user. Versions are not known: no collector here reads them yet.")
    if row:
        links.go(
            "agents",
            agent_id=row["agent_id"],
            **{n: st.query_params[n] for n in ("since", "until") if n in st.query_params},
        )


def one(agent: dict[str, Any]) -> None:
    """An agent that was chosen."""
    links.to("agents", "All agents", icon=":material/arrow_back:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(
            plain.label(f"{agent['agent'] or 'agent'} of {agent['user']} on {agent['host']}"),
            anchor=False,
            width="content",
        )
        st.badge(
            f"risk {agent['risk']}: {agent['level']}",
            color="red" if agent["risk"] >= 40 else "orange" if agent["risk"] >= 15 else "gray",
        )
        st.badge(
            "managed" if agent["managed"] == "yes" else "unmanaged",
            color="blue" if agent["managed"] == "yes" else "orange",
        )
    for reason in risk.reasons(agent, flags.get(agent["agent_id"], [])) or []:
        links.to(reason.page, f"+{reason.points}: {reason.says}", reason.query)
    st.subheader("Runs")
    row = table.show(
        data.ask("agents_runs", agent_id=agent["agent_id"], **span), "agents_runs", alt="Runs of this agent"
    )
    if row:
        links.go("run", run=row["run"])
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Tool servers")
        servers = data.ask("agents_servers", agent_id=agent["agent_id"], **span)
        if servers.num_rows:
            table.show(servers, "agents_servers", select=False, alt="Tool servers that its runs started")
        else:
            states.empty("No MCP server was seen to start.")
        st.caption(
            "Concluded from programs that its runs started with mcp in their command line; servers reached over the network are not among them."
        )
    with right:
        st.subheader("Settings")
        try:
            files = data.ask(
                "agents_files",
                agent=agent["agent"] or "",
                host=agent["host"] or "",
                user=agent["user"] or "",
                files=known.settings_files(),
                **span,
            )
        except DashboardError as error:
            states.failed(error)
            return
        if files.num_rows:
            table.show(files, "agents_files", select=False, alt="Settings that its runs read or changed")
        else:
            states.empty("No settings of agents were read or changed in its runs.")


wanted = st.query_params.get("agent_id")
picked = next((a for a in agents if a["agent_id"] == wanted), None)
if wanted and picked is None:
    st.warning("The agent in the address did not run in this time, for these filters.")
if picked:
    one(picked)
else:
    listed()
