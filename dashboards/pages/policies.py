"""Policies: which are in force where, what their rules do and did, and a text edited, checked and tried before somebody rolls it out."""

from __future__ import annotations

import streamlit as st

from dashboards import context, data
from dashboards.parts import filters, links, plain, states, table
from dashboards.policing import choosing, editing, looking, stock
from pipeline.escape import visible

chosen = filters.bar("agents", "hosts", default="30d")
hosts = {"hosts": list(chosen.hosts)}
found = data.ask_all({
    "policies_in_force": hosts,
    "policies_running": chosen.values("hosts"),
    "policies_refused": chosen.values("hosts"),
})  # fmt: skip
in_force, running, refused = found["policies_in_force"], found["policies_running"], found["policies_refused"]

st.subheader("In force")
standing = stock.standing(in_force, running)
if standing.num_rows:
    row = table.show(
        standing, "policies_standing", height=min(38 + 35 * standing.num_rows, 300), alt="Policies in force by host",
        columns=["policy", "host", "running", "runs", "modes", "newest", "short", "since", "state", "file", "files"],
        names={"running": "Runs now", "runs": "Runs in this time", "short": "Version"},
        config={"newest": st.column_config.LinkColumn("Newest run", display_text=r"run=(.*)")},
    )  # fmt: skip
    st.caption(
        "What each host took over last; runs that began before keep up with changes. Click a row to look into it."
    )
    if row:
        choosing.choose(row["policy"], row["version"])
else:
    states.empty(
        "No policy was ever in force here.", "lictor run --policy FILE -- AGENT puts one in force for a run; policies/ has some to start with."
    )  # fmt: skip
for line in stock.divided(in_force):
    st.warning(plain.label(line, 200), icon=":material/call_split:")
if without := stock.unmanaged(running):
    st.warning(
        f"{without} run{'s go' if without > 1 else ' goes'} on without a policy.", icon=":material/no_encryption:"
    )
    links.to("agents", "Agents without a policy", {"hosts": chosen.hosts})

if refused.num_rows:
    st.subheader("Refused changes")
    row = table.show(
        refused,
        "policies_refused",
        alt="Refused changes of policies",
        columns=["time", "host", "policy", "file", "reason"],
    )
    if row and row["text"]:
        st.code("\n".join(map(visible, row["text"].split("\n"))), language="yaml", line_numbers=True)

choosing.new_one()
looked = choosing.chosen(in_force)
if looked is None:
    st.stop()
st.subheader(plain.label(looked.policy))
st.caption(plain.label(f"Version {looked.version[: stock.SHORT] or 'none yet'} of {looked.origin.file}", 200))
if context.ports().policies is None:
    states.lacking("Policies cannot be checked from here.", "lictor dashboard brings Lictor's policy tools with it.")
    st.stop()
part = choosing.part()
edited = editing.current(looked)
if edited.changed and part not in {"Edit", "Use", "Versions"}:
    st.info("This is about your edited text, not about the one in force.", icon=":material/edit:")
match part:
    case "Rules":
        looking.rules(edited)
    case "Use":
        looking.used(looked, chosen)
    case "Lint":
        looking.lint(edited)
    case "Tests":
        looking.tests(edited)
    case "Versions":
        if version := looking.versions(looked):
            choosing.go_to(looked.policy, version)
    case _:
        editing.consequences(editing.text(looked))
