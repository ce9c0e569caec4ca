"""Health and integrity: whether every host was watched, what was lost, what lies in the lake, and what of it is proven and what is not."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards import context, data
from dashboards.keeping import checking, storage, watching
from dashboards.parts import charts, filters, links, states, table

chosen = filters.bar("hosts")
hosts = chosen.values("hosts")
width = charts.step(chosen.since, chosen.until, charts.MINUTE)
found = data.ask_all({
    "health_collectors": hosts,
    "health_coverage": {**hosts, "width": width},
    "health_gaps": hosts,
    "health_unwatched": hosts,
})  # fmt: skip
