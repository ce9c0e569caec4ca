"""What a page says when there is nothing to show, too much, or something went wrong: always why, and what to do."""

from __future__ import annotations

import streamlit as st

from pipeline.escape import visible


def empty(why: str, do: str | None = None) -> None:
    """Nothing is there, and that is no error: ``why``, and what would change it."""
    with st.container(border=True):
        st.markdown(":material/inbox: **Nothing to show**")
        st.text(visible(why))
        if do:
            st.text(visible(do))


def failed(reason: object) -> None:
    """Something went wrong; one line that may repeat what an agent wrote."""
    with st.container(border=True):
        st.error("This could not be shown.", icon=":material/error:")
        st.code(visible(str(reason)), language=None, wrap_lines=True)


def capped(shown: int, what: str = "rows") -> None:
    """More is there than is shown; how to see it."""
    st.caption(
        f":material/filter_alt: The first {shown:,} {what} are shown. Narrow the time or the filters, or export all."
    )


def lacking(what: str, do: str) -> None:
    """Something is not to be had on this machine; ``do`` tells how to get it."""
    st.info(f"{what} {do}", icon=":material/info:")
