"""Questions and files as the services tell them, and somebody who looks at them."""

from __future__ import annotations

import pytest

from dashboards import context, who
from dashboards.interface import Account, Ports, Role
from tests.dashboards.conftest import Files, Orders

HOSTILE = "x\n\x1b[31m\u202e<script>alert(1)</script>=cmd|'/c'"


def held(hold="a" * 32, **more):
    """A row as ``lictor held`` has it."""
    return {
        "hold": hold, "run": "r1", "agent": "codex", "user": "agent", "since": "2026-03-01T12:00:00+00:00", "left": 541.2, "then": "deny",
        "operation": "file.read", "object": "/home/dev/.ssh/id", "rule": "keys", "policy": "base", "because": "Keys stay here.",
        "instead": "Ask for a token.", "change": "- id: keys-cat\n  on: file.read\n", "pid": 42, "exe": "/usr/bin/cat",
        "cmdline": "cat /home/dev/.ssh/id", **more,
    }  # fmt: skip


def live(run="r1", **more):
    return {"run": run, "agent": "codex", "pid": 7, "uid": 1001, "enforce": True, "held": 0, "isolated": False, **more}


def kept(id_="q-1", **more):
    """A row as ``lictor quarantine list`` has it."""
    return {
        "id": id_, "state": "taken", "time": None, "path": "/tmp/dropper", "size": 7, "sha256": "ab" * 32, "how": "moved", "rule": "droppers",
        "policy": "base", "agent_run": "r1", "links": 1, "mode": "0755", "uid": 1, "gid": 1, "restored_to": None, "note": None, **more,
    }  # fmt: skip


@pytest.fixture
def orders():
    return Orders()


@pytest.fixture
def files():
    return Files()


@pytest.fixture
def looking(journal, orders, files):
    """Somebody looks; ``looking(role)`` says who, ``deeds`` and ``vault`` what they have."""

    def by(role=Role.responder, deeds=orders, vault=files):
        account = Account("ann", role, "local")
        context.install(Ports(None, journal, deeds, vault))
        who.recognise_by(lambda: account)
        return account

    yield by
    context._installed.clear()
    who._known.clear()
