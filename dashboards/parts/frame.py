"""What stands around every page: its title, who looks, the row that says so, and a clear end for what fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboards import context, who
from dashboards.interface import DashboardError
from dashboards.pages_list import BY_NAME
from dashboards.parts import deeds, plain, states
from pipeline.lake.errors import LakeError


@contextmanager
def around(name: str) -> Iterator[None]:
    """Runs a page: refused where the role does not suffice, recorded before anything of it is shown."""
    page = BY_NAME[name]
    account = who.account()
    if st.session_state.get("_page") != name:
        deeds.forget()  # a dialog that was left with its page is not asked again when somebody comes back
    st.session_state["_page"] = name
    with st.sidebar:
        st.caption(f"{plain.label(account.name)} · {account.role.name}")
        if st.button("Sign out", icon=":material/logout:", type="tertiary", key="sign_out"):
            st.logout()  # leads this tab to where the gate ends the session; a link would open another one
            st.stop()
    try:
        if account.role < page.role:
            context.ports().journal.write(account, "view", page=name, outcome="denied")
            raise DashboardError(f"this page needs the role {page.role.name}; you are {account.role.name}")  # noqa: TRY301 - told like every other failure
        _record(name)
        st.title(page.title)
        yield
    except (DashboardError, LakeError) as error:
        states.failed(error)


def _record(name: str) -> None:
    """One row for each page and what was asked of it, not for each click on it. Raises ``DashboardError``."""
    seen = (name, tuple(sorted((k, tuple(st.query_params.get_all(k))) for k in st.query_params)))
    before = st.session_state.get("_recorded")
    if before == seen:
        return
    detail = {k: list(v) for k, v in seen[1]}
    if before is not None and before[0] == name:
        # A link to the page that is shown changes what it shows, and not the browser's address: it is told.
        st.query_params.update({})  # as it is; some of it may be bound to a widget and cannot be set
    context.ports().journal.write(who.account(), "view", page=name, outcome="success", detail=detail)
    st.session_state["_recorded"] = seen
