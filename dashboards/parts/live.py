"""A part of a page that is drawn anew by itself while something goes on, and says in one line what fails in it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboards import who
from dashboards.interface import DashboardError
from dashboards.parts import states
from pipeline.lake.errors import LakeError

EVERY_S = 2.0


def part(draw: Callable[[], None], *, going: bool) -> None:
    """Draws now, and every other second while ``going``; an error of a later drawing has no page around it that would tell it."""
    st.fragment(_told, run_every=EVERY_S if going else None)(draw)


def _told(draw: Callable[[], None]) -> None:
    who.account()  # ends here for whoever has signed out meanwhile
    try:
        draw()
    except (DashboardError, LakeError) as error:
        states.failed(error)
