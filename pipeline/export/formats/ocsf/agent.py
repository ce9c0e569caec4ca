"""OCSF API activity (6003) for what agents tell of themselves: tool calls and model calls, with profile ai_operation."""

from __future__ import annotations

from pipeline.export.formats.leaves import first, text
from pipeline.export.formats.ocsf import common
from pipeline.export.formats.ocsf.common import event
from pipeline.export.formats.ocsf.network import source
from pipeline.export.formats.ocsf.system import message_context
from pipeline.export.formats.tree import Array, Const, Object

API = 6003


def events() -> dict[str, Object]:
    """Rows of class ``agent``."""
    members = {
        "src_endpoint": source(),
        "api": Object({"operation": first(text("operation"), text("tool"), common.NOT_KNOWN)}),
        "message_context": message_context(),
        "trace": Object({"uid": text("trace_id")}),
        "observables": Array([common.who()]),
    }
    profiles = ("host", "security_control", "container", "ai_operation", "trace")
    return {
        "agent": event(
            "activity",
            API,
            99,
            {"activity_name": Const("Tool call"), **members},
            profiles=profiles,
            kept=("src_ip", "src_port"),
        )
    }
