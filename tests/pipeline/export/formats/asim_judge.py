"""Columns and types of the ASIM tables as Microsoft publishes them, and what they say of a row."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

from tests.corpus import corpus

_RANGES = {"int": 31, "long": 63}

WORDS = {
    "EventResult": {"Success", "Partial", "Failure", "NA"},
    "EventSeverity": {"Informational", "Low", "Medium", "High"},
    "DvcAction": {"Allow", "Deny", "Drop", "Drop ICMP", "Reset", "Reset Source", "Reset Destination", "Encrypt", "Decrypt", "VPNroute"},
    "NetworkDirection": {"Inbound", "Outbound", "Local", "External", "NA", "Listen"},
    "TargetFilePathType": {"Windows Local", "Windows Share", "Unix", "URL"},
}  # fmt: skip
"""What the articles on the schemas allow in some columns."""

EVENT_TYPES = {
    "ASimProcessEventLogs": {"ProcessCreated", "ProcessTerminated"},
    "ASimFileEventLogs": {
        "FileAccessed", "FileCreated", "FileModified", "FileDeleted", "FileRenamed", "FileCopied", "FileMoved", "FolderCreated",
        "FolderDeleted", "FolderMoved", "FolderModified", "FileCreatedOrModified",
    },
    "ASimNetworkSessionLogs": {"NetworkSession", "EndpointNetworkSession", "L2NetworkSession", "IDS", "Flow"},
    "ASimDnsActivityLogs": {"Query"},
    "ASimAuditEventLogs": {"Set", "Read", "Create", "Delete", "Execute", "Install", "Clear", "Enable", "Disable", "Initialize", "Start", "Stop", "Other"},
    "ASimAlertEventLogs": {"Alert"},
}  # fmt: skip


@cache
def tables() -> dict[str, dict[str, str]]:
    """Type by column, by table; skips where the corpus is absent."""
    found: dict[str, dict[str, str]] = json.loads(
        corpus("views", "microsoft", "sentinel_asim_and_ai_tables.json").read_text()
    )
    return found


def faults(table: str, row: dict[str, Any]) -> list[str]:
    """Every column that the table does not have or whose type cannot hold what is there."""
    columns = tables()[table]
    found = [f"{table}.{name}: no column" for name in row if name not in columns]
    found += [
        f"{table}.{n}: {v!r} is no {columns[n]}" for n, v in row.items() if n in columns and not _holds(columns[n], v)
    ]
    found += [
        f"{table}.{n}: {row[n]!r} is no word of it" for n, words in WORDS.items() if n in row and row[n] not in words
    ]
    if row["EventType"] not in EVENT_TYPES.get(table, {row["EventType"]}):
        found.append(f"{table}: no event type {row['EventType']}")
    return found


def _holds(type_: str, value: Any) -> bool:
    if type_ in _RANGES:
        return type(value) is int and -(2 ** _RANGES[type_]) <= value < 2 ** _RANGES[type_]
    if type_ == "datetime":
        return datetime.fromisoformat(value).tzinfo is not None
    if type_ == "bool":
        return isinstance(value, bool)
    if type_ == "real":
        return isinstance(value, int | float)
    return type_ == "dynamic" or isinstance(value, str)
