"""The dashboard's entry: who looks, the pages there are, and what stands above each of them.

Streamlit runs this file at every click and then the page that was chosen. It lies in a folder of its own, since Streamlit takes
a folder ``pages`` beside its entry for pages that can be run without it: without the question who looks, and without a record.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

_HOME = Path(__file__).parents[1]
if str(_HOME.parent) not in sys.path:  # a script's own folder is on the path, its package's parent is not
    sys.path.insert(0, str(_HOME.parent))

from dashboards import who  # noqa: E402 - needs the path above
from dashboards.pages_list import PAGES  # noqa: E402
from dashboards.parts import frame  # noqa: E402

st.set_page_config(page_title="Lictor", page_icon=str(_HOME / "mark.svg"), layout="wide")
st.html(_HOME / "dense.css")
who.account()
groups: dict[str, list[st.Page]] = {}
for page in PAGES:
    made = st.Page(
        _HOME / "pages" / f"{page.name}.py",
        title=page.title,
        icon=page.icon,
        url_path=page.name,
        default=page.name == "overview",
    )
    groups.setdefault(page.group, []).append(made)
chosen = st.navigation(groups)
with frame.around(chosen.url_path or "overview"):
    chosen.run()
