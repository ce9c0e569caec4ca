"""Hides content from who may not see it: command lines, prompts, and texts of people or policies that repeat them.

A viewer sees that something happened, where and what was decided; what was typed may hold secrets. It is hidden in
the rows themselves, so that no table, chart, export or record pane can show it by mistake.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from dashboards import who
from dashboards.interface import Role

CONTENT = frozenset({
    "cmdline", "command", "last_command", "marks", "prompt", "line", "parent_cmdline", "creator_cmdline", "initiator_cmdline", "root_command", "evidence_text",
    "ProcessCommandLine", "InitiatingProcessCommandLine", "ActingProcessCommandLine", "TargetProcessCommandLine",
    "CommandLine", "AuditData", "AdditionalFields", "arguments", "change", "text", "content", "record", "note", "why",
})  # fmt: skip
"""Columns with content, by name, of every question and view."""

HIDDEN = "hidden: needs the role analyst"


def hidden(table: pa.Table) -> pa.Table:
    """The same rows; for a viewer with the content of each column that has some replaced."""
    wanted = [name for name in table.column_names if name in CONTENT]
    if not wanted or who.may(Role.analyst):
        return table
    for name in wanted:
        position = table.column_names.index(name)
        present = table[name].is_valid()
        texts = pc.if_else(present, pa.scalar(HIDDEN), pa.scalar(None, pa.string()))
        table = table.set_column(position, name, texts)
    return table
