"""Which policy and which part of the page is looked at: both stand in the address, so that a link shows the same."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from dashboards import context, data, who
from dashboards.interface import DashboardError, Role
from dashboards.parts import states
from dashboards.policing import draft
from dashboards.policing.draft import Draft

PARTS = ("Rules", "Use", "Lint", "Tests", "Versions", "Edit")
NEW = "new"
"""The version of a policy that is not there yet, in the address."""


def choose(policy: str, version: str) -> None:
    """Look at this version, unless it is looked at already."""
    if (policy, version) != st.session_state.get("policies_row"):
        st.session_state["policies_row"] = policy, version
        st.query_params["policy"], st.query_params["version"] = policy, version


def go_to(policy: str, version: str) -> None:
    """Look at this version at once."""
    if version != st.query_params.get("version"):
        st.query_params["policy"], st.query_params["version"] = policy, version
        st.rerun()


def new_one() -> None:
    """A button for a policy that is not there yet."""
    if not who.may(Role.analyst):
        return
    if st.button("Write a new policy", icon=":material/add:", type="tertiary", key="policies_new"):
        st.query_params["policy"], st.query_params["version"], st.query_params["part"] = "new-policy", NEW, "Edit"
        st.session_state["policies_part"] = "Edit"


def chosen(in_force: pa.Table) -> Draft | None:
    """The policy in the address; ``None`` where there is none, or it cannot be shown, which is said."""
    policy, version = st.query_params.get("policy", ""), st.query_params.get("version", "")
    if not policy:
        return None
    if version == NEW:
        return draft.new() if who.may(Role.analyst) else None
    known = [row for row in in_force.to_pylist() if row["policy"] == policy]
    if not version and known:
        version = known[0]["version"]
    try:
        texts = data.ask("policies_text", version=version)
        if not any(row["own"] for row in texts.to_pylist()):
            st.warning("The policy in the address is not in the lake; choose one above.")
            return None
        found = draft.from_lake(policy, version, texts)
        _revealed(found)
    except DashboardError as error:
        states.lacking("The text of this policy cannot be shown:", f"{error}.")
        return None
    return found


def part() -> str:
    """Which part of the page; one that the address does not know is the first."""
    given = st.query_params.get("part", PARTS[0])
    if "policies_part" not in st.session_state:
        st.session_state["policies_part"] = given if given in PARTS else PARTS[0]
    picked = st.segmented_control("Part", PARTS, key="policies_part", label_visibility="collapsed") or PARTS[0]
    st.query_params["part"] = picked
    return str(picked)


def _revealed(found: Draft) -> None:
    """One row for each text that a session is shown. Raises ``DashboardError``."""
    seen = st.session_state.setdefault("policies_revealed", set())
    if found.version not in seen:
        detail = {"version": found.version, "files": [found.origin.file, *found.origin.files]}
        context.ports().journal.write(
            who.demand(Role.analyst), "reveal", page="policies", object=found.policy, outcome="success", detail=detail
        )
        seen.add(found.version)
