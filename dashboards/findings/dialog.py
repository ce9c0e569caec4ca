"""The dialog in which a status is set, of one finding or of several. It stays open until it is done or left."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import who
from dashboards.findings import triage
from dashboards.findings.statuses import LONGEST_NOTE, NOTED, STATUSES, words
from dashboards.findings.triage import Meanwhile, Standing
from dashboards.interface import DashboardError, Role
from pipeline.escape import visible

_SEEN, _MEANWHILE, _DONE = "_triage_seen", "_triage_meanwhile", "_triage_done"


def button(seen: Sequence[Standing], label: str, key: str) -> None:
    """Opens the dialog for these findings. Who may not sees the button, but cannot press it, and is told why."""
    allowed = who.may(Role.analyst)
    pressed = st.button(
        label, key=key, icon=":material/edit_note:", type="primary", disabled=not allowed or not seen,
        help=None if allowed else "Needs the role analyst",
    )  # fmt: skip
    if pressed:
        _close()
        st.session_state[_SEEN] = list(seen)
    if _SEEN in st.session_state:
        st.dialog("Set status", on_dismiss=_close)(_drawn)()


def done() -> bool:
    """Tells what was set, once; whether something was."""
    told = st.session_state.pop(_DONE, None)
    if told:
        st.success(told, icon=":material/check:")
    return told is not None


def _drawn() -> None:
    seen: list[Standing] = st.session_state[_SEEN]
    now = {s.status for s in seen}
    st.text(f"{len(seen)} findings" if len(seen) > 1 else f"The finding is {words(seen[0].status)}.")
    index = STATUSES.index(seen[0].status) if len(now) == 1 and seen[0].status in STATUSES else 0
    status = st.selectbox("Status", STATUSES, index=index, key="triage_status", format_func=words)
    needed = status in NOTED
    note = st.text_area("Note" if needed else "Note (optional)", key="triage_note", max_chars=LONGEST_NOTE)
    if needed:
        st.caption(f"A note is required for: {words(status)}.")
    changed: list[Meanwhile] = st.session_state.get(_MEANWHILE, [])
    if changed:
        _told(changed)
    label = "Set it all the same" if changed else "Set"
    # Never disabled: a browser hands a note over only when the field is left, and a click on a dead button is lost.
    if st.button(label, key="triage_set", type="primary", icon=":material/check:"):
        _set(seen, status, note)


def _told(changed: Sequence[Meanwhile]) -> None:
    st.warning("The status changed meanwhile. Nothing was set.", icon=":material/group:")
    lines = [
        f"{c.standing.finding[:12]}: {c.account} set {words(c.standing.status)} at {c.time:%Y-%m-%d %H:%M:%S} UTC"
        + (f": {c.note}" if c.note else "")
        for c in changed[:10]
    ]
    if len(changed) > len(lines):
        lines.append(f"and {len(changed) - len(lines)} more")
    st.code("\n".join(map(visible, lines)), language=None, wrap_lines=True)


def _set(seen: Sequence[Standing], status: str, note: str) -> None:
    try:
        changed = triage.put(seen, status, note)
    except DashboardError as error:
        st.error("It was not set.", icon=":material/error:")
        st.code(visible(str(error)), language=None, wrap_lines=True)
        return
    if changed:
        after = {c.standing.finding: c.standing for c in changed}
        st.session_state[_SEEN] = [after.get(s.finding, s) for s in seen]
        st.session_state[_MEANWHILE] = changed
    else:
        _close()
        st.session_state[_DONE] = (
            f"Set: {words(status)}." if len(seen) == 1 else f"{len(seen)} findings set: {words(status)}."
        )
    st.rerun()


def _close() -> None:
    for name in (_SEEN, _MEANWHILE, "triage_status", "triage_note"):
        st.session_state.pop(name, None)
