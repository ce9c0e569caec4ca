"""A policy's way into force: from the dashboard no policy file is written. Whoever may is handed the text and a command, and that is recorded.

Who can write a policy decides about every agent of a host. A process that serves pages to a network is no place for that right.
"""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

import streamlit as st

from dashboards import context, who
from dashboards.interface import DashboardError, Role
from dashboards.policing import draft
from dashboards.policing.draft import Draft
from pipeline.escape import visible


def way_out(edited: Draft) -> None:
    """The text and the command for somebody who may write the file; recorded before the text is handed over."""
    st.subheader("Roll out")
    st.text(
        "The dashboard writes no policy file. It hands you the text; services that follow the file take it over within a second,"
        " or refuse it, keep the version before, and record why."
    )
    allowed = who.may(Role.admin)
    prepared = f"{edited.key}_prepared"
    if st.button(
        "Prepare roll-out",
        icon=":material/upload_file:",
        key="policies_prepare",
        disabled=not allowed,
        help=None if allowed else "Needs the role admin",
    ):
        prepare(edited)
        st.session_state[prepared] = edited.sha256
    if allowed and st.session_state.get(prepared) == edited.sha256:
        name = PurePosixPath(edited.origin.file).name or "policy.yaml"
        st.download_button(
            "Download",
            edited.text,
            name,
            "application/yaml",
            icon=":material/download:",
            key="policies_download",
            on_click="ignore",
        )
        st.code(command(edited), language="bash")


def prepare(edited: Draft) -> None:
    """Record that a text leaves for a host. Raises ``DashboardError``."""
    if draft.problems(edited):
        raise DashboardError("this text cannot be in force: mend what is wrong with it first")
    detail = {"sha256": edited.sha256, "instead_of": edited.version, "file": edited.origin.file}
    context.ports().journal.write(
        who.demand(Role.admin), "policy", page="policies", object=edited.policy, outcome="success", detail=detail
    )  # fmt: skip


def command(edited: Draft) -> str:
    """What puts the downloaded text in force on a host."""
    file = edited.origin.file if edited.version else f"/etc/lictor/policies/{edited.origin.file}"
    name = PurePosixPath(file).name
    return f"sudo install -m 0644 {shlex.quote(visible(name))} {shlex.quote(visible(file))}\nlictor policy check {shlex.quote(visible(file))}"
