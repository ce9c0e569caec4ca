"""An act on a run or a file, by a person: two clicks, a reason, a row before it and a row after it.

The first click opens a dialog that says what will be done to whom; the second one does it. The role is asked again then, since
a page may have stood open for hours. What was seen of the effect is shown as the service proves it: confirmed, failed or unverified.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards import context, data, who
from dashboards.interface import Account, DashboardError, Role, Rows
from dashboards.parts import plain
from pipeline.escape import visible

_TOLD = "_act_told"
"""The last act: key of its button, whether it is confirmed, what was seen."""


@dataclass(frozen=True)
class Deed:
    """What can be done: ``act`` is the journal's word, ``does`` is told what the account and the reason are and does it.

    ``says``: one line for the dialog; it may repeat what an agent wrote. ``reason``: whether one must be given.
    """

    act: str
    label: str
    icon: str
    object: str
    says: str
    does: Callable[[Account, str], Rows]
    run: str | None = None
    reason: bool = False
    role: Role = Role.responder


def button(deed: Deed, key: str, *, primary: bool = False, disabled: bool = False) -> None:
    """The first click; ``told`` tells what came of the second. Who may not sees the button, but cannot press it, and is told why."""
    allowed = who.may(deed.role)
    pressed = st.button(
        deed.label, key=key, icon=deed.icon, type="primary" if primary else "secondary",
        disabled=disabled or not allowed, help=None if allowed else f"Needs the role {deed.role.name}",
    )  # fmt: skip
    if pressed:
        st.dialog(deed.label)(_confirm)(deed, key)


def _confirm(deed: Deed, key: str) -> None:
    """The dialog with the second click."""
    st.text(visible(deed.says))
    why = st.text_input("Reason" if deed.reason else "Reason (optional)", key=f"{key}_why", max_chars=500)
    # A button that is dead until the field is left loses the click that leaves it: without a reason it refuses in words.
    if st.button(deed.label, key=f"{key}_do", icon=deed.icon, type="primary"):
        if deed.reason and not why.strip():
            st.error("Give a reason: it is kept with the act.")
            return
        st.session_state[_TOLD] = (key, *carried_out(deed, why.strip()))
        st.rerun()


def carried_out(deed: Deed, why: str) -> tuple[bool, str]:
    """Do it, with its two rows; whether all of it is confirmed, and one line about what was seen."""
    try:
        account = who.demand(deed.role)
        _write(deed, account, why, phase="intent")
    except DashboardError as error:
        return False, str(error)
    try:
        rows = deed.does(account, why)
    except DashboardError as error:
        _write(deed, account, why, phase="result", outcome="failure", detail={"error": str(error)})
        return False, str(error)
    done = bool(rows) and all(row.get("enforcement") == "confirmed" for row in rows)
    _write(deed, account, why, phase="result", outcome="success" if done else "failure", detail={"rows": rows})
    data.forget()
    return done, "; ".join(map(seen, rows)) or "nothing was done"


def seen(row: dict[str, Any]) -> str:
    """One line about a deed, as the service proved it."""
    return f"{row.get('deed')} {row.get('id')}: {row.get('enforcement')}: {row.get('evidence')}"


def confirmed(deed: str, name: str, evidence: str) -> Rows:
    """Rows of something that was done here and looked at."""
    return [{"deed": deed, "id": name, "enforcement": "confirmed", "evidence": evidence}]


def on_run(
    do: str,
    label: str,
    icon: str,
    run: str,
    says: str,
    *,
    reason: bool = False,
    name: str | None = None,
    for_run: bool = False,
) -> Deed:
    """An order to the service that has a run; ``name`` is that of the question where one is decided, ``for_run`` for all of its kind."""

    def does(account: Account, why: str) -> Rows:
        deeds = context.ports().deeds
        if deeds is None:
            raise DashboardError("no orders can be given from here: the dashboard runs without a way to the services")
        return deeds.order(do, name or run, why or None, account, for_run=for_run)

    what = f"{do} {name or run}" + (" for the run" if for_run else "")
    return Deed("order", label, icon, what, says, does, run=run, reason=reason)


def bar(deeds: Sequence[Deed], key: str) -> None:
    """Buttons beside each other."""
    with st.container(horizontal=True):
        for deed in deeds:
            button(deed, f"{key}_{plain.label(deed.label)}")


def told(prefix: str) -> None:
    """What came of the last act of the buttons whose keys begin so, until it is dismissed or followed by another one.

    Apart from the buttons: once a run is frozen there is no button Freeze any more, and a live part is drawn anew before anybody
    has read what stands in it.
    """
    key, done, line = st.session_state.get(_TOLD) or ("", False, "")
    if not key or not key.startswith(prefix):
        return
    if st.button("Dismiss", key=f"{key}_dismiss", icon=":material/close:", type="tertiary"):
        st.session_state.pop(_TOLD)
        return
    if done:
        st.success("Done.", icon=":material/check:")
    else:
        st.error("It was not done, or that is not proven.", icon=":material/error:")
    st.code(visible(line), language=None, wrap_lines=True)


def _write(deed: Deed, account: Account, why: str, **columns: Any) -> None:
    context.ports().journal.write(
        account, deed.act, object=deed.object, agent_run=deed.run, note=why or None, **columns
    )  # fmt: skip
