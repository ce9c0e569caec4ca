"""A part of a page that is drawn anew by itself while something goes on, and says in one line what fails in it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboards import who
from dashboards.interface import DashboardError
from dashboards.parts import deeds, states
from pipeline.lake.errors import LakeError

EVERY_S = 2.0


def part(draw: Callable[[], None], *, going: bool) -> None:
    """Draws now, and every other second while ``going``, but for the time that a dialog of an act is open.

    An error of a later drawing has no page around it that would tell it.
    """
    resting = going and deeds.asking()
    st.fragment(_told, run_every=EVERY_S if going and not resting else None)(draw, going=going, resting=resting)


def _told(draw: Callable[[], None], *, going: bool, resting: bool) -> None:
    who.account()  # ends here for whoever has signed out meanwhile
    if going and resting != deeds.asking():
        st.rerun()  # the whole page, which alone makes it rest or go on
    try:
        draw()
    except (DashboardError, LakeError) as error:
        states.failed(error)
    if resting and deeds.gone():
        deeds.forget()
        st.rerun()
