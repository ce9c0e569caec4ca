"""Overview."""

from __future__ import annotations

from dashboards import data
from dashboards.parts import filters, table

chosen = filters.bar("agents", "hosts", "users")
table.show(data.ask("filter_options"), "options")
