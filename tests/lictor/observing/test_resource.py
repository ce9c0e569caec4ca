"""The resource names this host and this start of the service, whatever the environment claims."""

from __future__ import annotations

import os
import socket
from importlib.metadata import version
from pathlib import Path

from lictor.observing.resource import resource


def test_it_tells_services_and_starts_apart():
    found = resource(os.getpid()).attributes
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert (found["service.name"], found["service.version"]) == ("lictor", version("lictor"))
    assert (found["host.name"], found["process.pid"]) == (socket.gethostname(), os.getpid())
    assert found["service.instance.id"] == f"{boot}-{os.getpid()}"
    assert resource(os.getpid() + 1).attributes["service.instance.id"] != found["service.instance.id"]


def test_an_agents_name_for_itself_is_not_taken_over_and_more_attributes_are(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "claude-code")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=lab,service.name=agent")
    found = resource(1).attributes
    assert found["service.name"] == "lictor"
    assert found["deployment.environment.name"] == "lab"
