"""What may be done to a run in its present state: buttons in the order of the ladder, each with what it will do in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from dashboards.parts import deeds, links, plain
from dashboards.parts.deeds import Deed, on_run
from dashboards.runs.service import Told
from pipeline.escape import visible

Row = Mapping[str, Any]
Colour = Literal["gray", "orange", "violet", "green"]


def draw(run: str, state_: str, told: Told) -> None:
    """What came of the last act, what waits for a person, and the buttons; or why there are none.

    Each has a place of its own: while this live part is drawn anew, what came and went above must not move the buttons,
    or a browser shows them twice for a moment and a click meets another one.
    """
    with st.container():
        deeds.told(f"run_act_{run}")
    with st.container():
        _waiting(told.held)
    with st.container():
        fitting = possible(run, told.live, told.held)
        if fitting:
            deeds.bar(fitting, f"run_act_{run}")
        elif state_ != "ended":
            st.caption(f":material/info: {plain.label(told.why, 300)}")


def _waiting(held: Sequence[Row]) -> None:
    if not held:
        return
    st.warning("This run stands still and waits for a person.", icon=":material/front_hand:")
    for question in held:
        st.code(visible(asked(question)), language=None, wrap_lines=True)
    links.to("held", "Decide each question by itself", {"hold": str(held[0].get("hold") or "")})


def possible(run: str, live: Row | None, held: Sequence[Row]) -> list[Deed]:
    """Deeds that fit; none for a run that no service here has. ``live`` is its row of ``Deeds.live``, ``held`` its open questions."""
    if live is None:
        return []
    found = _of_held(run, held) if held else [_freeze(run)]
    if not live.get("isolated"):
        found.append(_isolate(run))
    elif not held:  # a release decides what is held first
        found.append(on_run("release", "Give network back", ":material/lan:", run, f"Give run {run} its network back."))
    says = f"End every process of run {run}. This cannot be undone."
    return [*found, on_run("kill", "Kill", ":material/dangerous:", run, says, reason=True)]


def state(row: Row, live: Row | None, held: Sequence[Row]) -> tuple[str, Colour]:
    """How a run stands in a word, and the colour of its badge."""
    if row["state"] == "ended":
        return "ended", "gray"
    if live is None:
        return "not ended when last seen", "gray"
    if held:
        return ("held, isolated" if live.get("isolated") else "held"), "orange"
    return ("isolated", "violet") if live.get("isolated") else ("running", "green")


def asked(question: Row) -> str:
    """What a held run waits for, in one line."""
    if not question.get("operation"):
        return "frozen by hand"
    because = question.get("because") or f"rule {question.get('rule')}"
    left = question.get("left")
    end = f"; {question.get('then')} in {left:.0f} s" if isinstance(left, int | float) else ""
    return f"{question['operation']} {question.get('object')}: {because}{end}"


def _of_held(run: str, held: Sequence[Row]) -> list[Deed]:
    wanted = "; ".join(f"{q['operation']} {q.get('object')}" for q in held if q.get("operation"))
    goes_on = f"Let run {run} go on" + (f" with {wanted}." if wanted else ".")
    found = [on_run("release", "Release", ":material/play_arrow:", run, goes_on)]
    if wanted:
        says = f"End the process that asked for {wanted}; the rest of run {run} goes on."
        found.append(on_run("deny", "Deny", ":material/block:", run, says))
    return found


def _freeze(run: str) -> Deed:
    says = f"Stop every process of run {run} where it stands, until it is released."
    return on_run("freeze", "Freeze", ":material/pause:", run, says)


def _isolate(run: str) -> Deed:
    says = f"Take the network away from run {run}, and from nobody else."
    return on_run("isolate", "Isolate", ":material/wifi_off:", run, says)
