from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from enforcer.interface import Order, Outcome
from enforcer.vault.record import Record, Traits
from enforcer.windows import api, moving, security
from enforcer.windows.quarantine import Quarantine
from tests.windows_files import SEALED

ORDER = Order("quarantine", "r1", 80, 8, object="C:\\a")
RECORD = Record("q-1", "intended", "/no/such/file", (1, 2), 1, 1, Traits(0, 0, 0, 0, 0), 0, {})


class FakeVault:
    """Gives a sharing violation so many times."""

    def __init__(self, held=0, code=api.SHARING_VIOLATION):
        self.held, self.code, self.states = held, code, []
        self.locked = nullcontext

    def intend(self, *_):
        return RECORD

    def place(self, _record):
        return "place"

    def take(self, record):
        if self.held:
            self.held -= 1
            raise OSError(self.code, "held")
        return record.now("taken", how="moved", sha256="hash")

    def at_next_start(self, _record, why):
        self.states.append(("later", why))

    def undo(self, _record, why):
        self.states.append(("undone", why))


@pytest.fixture
def seen(monkeypatch):
    """What is read back; tests bend it."""
    found = SimpleNamespace(hash="hash", sddl=SEALED)
    monkeypatch.setattr(moving, "sha256", lambda _path: found.hash)
    monkeypatch.setattr(security, "describe", lambda _path: found.sddl)
    monkeypatch.setattr(api, "code_of", lambda error: error.errno)
    return found


def take(vault, who=()):
    ended = []

    def end(pid, _key):
        ended.append(pid)
        return Outcome("confirmed", "gone")

    return Quarantine(vault, end, lambda _path: who)(ORDER, "deed"), ended


def test_confirmed_needs_the_hash_and_the_access_list_to_read_back(seen):
    assert take(FakeVault())[0].confirmed
    seen.sddl = "D:AI(A;;FA;;;WD)"
    assert take(FakeVault())[0].enforcement == "unverified"
    seen.sddl, seen.hash = SEALED, "other"
    assert take(FakeVault())[0].enforcement == "unverified"


@pytest.mark.parametrize("who", [(), ((8, 80),)])
def test_process_of_the_order_lets_go_first(seen, who):
    outcome, ended = take(FakeVault(held=3), who)
    assert outcome.confirmed
    assert ended == [8]


@pytest.mark.parametrize("who", [((12, 120),), ((8, 80), (12, 120)), ((8, 81),)])
def test_stranger_is_not_ended_and_the_file_waits(seen, who):
    vault = FakeVault(held=1)
    outcome, ended = take(vault, who)
    assert (outcome.enforcement, ended) == ("unverified", [])
    assert "next start of Windows" in outcome.evidence
    assert vault.states[0][0] == "later"


def test_file_that_stays_held_waits(seen):
    vault = FakeVault(held=1000)
    assert take(vault)[0].enforcement == "unverified"
    assert vault.states[0][0] == "later"


def test_other_error_leaves_the_file_and_a_record_of_that(seen):
    vault = FakeVault(held=1, code=api.ACCESS_DENIED)
    assert take(vault)[0].enforcement == "failed"
    assert vault.states[0][0] == "undone"
