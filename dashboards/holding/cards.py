"""Open questions, drawn as cards that are drawn anew every other second; and runs that lack their network."""

from __future__ import annotations

import streamlit as st

from dashboards import context, who
from dashboards.holding import questions
from dashboards.holding.questions import Question, Waiting
from dashboards.interface import DashboardError, Role
from dashboards.parts import deeds, links, plain, states
from pipeline.escape import visible

MOST = 50
"""Cards at once; the most urgent ones."""


def draw(first: str) -> None:
    """All that waits; the question whose id begins with ``first`` before the others."""
    waiting = questions.ask()
    if waiting.why is not None:
        states.lacking(plain.label(waiting.why, 300), "lictor held lists what waits on a machine.")
        return
    ordered = sorted(waiting.questions, key=lambda q: not (first and q.hold.startswith(first)))
    for asked in ordered[:MOST]:
        _card(asked)
    if len(ordered) > MOST:
        states.capped(MOST, "questions")
    if not ordered:
        states.empty("No run of this machine waits for a person.", "Rules with the action ask or freeze make one wait.")
    _isolated(waiting)


def _card(asked: Question) -> None:
    with st.container(border=True, key=f"held_card_{asked.hold}"):
        _head(asked)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _what(asked)
        with right:
            _change(asked)
        deeds.bar(questions.possible(asked), f"held_{asked.hold}")


def _head(asked: Question) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        agent = plain.label(asked.agent or "agent")
        verb = "was frozen by a person" if asked.frozen else f"wants {plain.label(asked.operation)}"
        st.markdown(f"**{agent}** {verb}", width="content")
        urgent = asked.left < questions.SOON_S
        st.badge(
            f"{questions.remaining(asked.left)} left", icon=":material/timer:", color="red" if urgent else "orange"
        )
        st.caption(f"then {asked.end}", width="content")
        links.to("run", f"Run {asked.run}", {"run": asked.run})


def _what(asked: Question) -> None:
    if asked.object:
        st.code(visible(asked.object), language=None, wrap_lines=True)
    who_asks = f"{asked.exe or 'a program'} ({asked.pid or '?'}), run by {asked.user or '?'}"
    st.text(visible(who_asks))
    if asked.cmdline:
        st.code(visible(asked.cmdline), language=None, wrap_lines=True)
    rule = asked.rule or "?"
    by = rule if asked.frozen else f"Rule {rule}" + (f" of policy {asked.policy}" if asked.policy else "")
    st.text(visible(f"{by}: {asked.because}" if asked.because else by))
    if asked.instead:
        st.text(visible(f"Instead: {asked.instead}"))


def _change(asked: Question) -> None:
    if asked.frozen:
        return
    st.caption("Smallest change of the policy that would let it pass")
    if not asked.change:
        st.text("It is not known yet, or there is none.")
        return
    st.code("\n".join(visible(line) for line in asked.change.splitlines()), language="yaml", wrap_lines=True)
    if who.may(Role.analyst):
        st.download_button(
            "Download change", asked.change, f"change-{asked.hold[:12]}.yaml", "application/yaml",
            key=f"change_{asked.hold}", icon=":material/download:", on_click=taken, args=(asked.hold, asked.run),
        )  # fmt: skip


def taken(hold: str, run: str) -> None:
    """Records that a change was downloaded; what stands on the page already."""
    try:
        account = who.demand(Role.analyst)
        context.ports().journal.write(
            account,
            "export",
            outcome="success",
            page="held",
            object=hold,
            agent_run=run,
            detail={"what": "policy change"},
        )
    except DashboardError as error:
        states.failed(error)


def _isolated(waiting: Waiting) -> None:
    if not waiting.isolated:
        return
    st.subheader("Runs without a network", anchor=False)
    for row in waiting.isolated:
        run = str(row["run"])
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.text(visible(f"{row.get('agent') or 'agent'} · isolated, goes on without a network"), width="content")
            links.to("run", f"Run {run}", {"run": run})
            deeds.button(questions.give_back(run), f"held_network_{run}")
