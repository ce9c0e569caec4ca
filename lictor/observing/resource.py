"""Who sends: the attributes that OpenTelemetry calls a resource, so that hosts and restarts can be told apart."""

from __future__ import annotations

import socket
from importlib.metadata import version

from opentelemetry.sdk.resources import Resource

from collectors.identity import boot_id


def resource(pid: int) -> Resource:
    """The service with this pid; ``OTEL_RESOURCE_ATTRIBUTES`` adds to it."""
    return Resource.create(
        {
            "service.name": "lictor",
            "service.version": version("lictor"),
            "service.instance.id": f"{boot_id()}-{pid}",
            "host.name": socket.gethostname(),
            "process.pid": pid,
        }
    )
