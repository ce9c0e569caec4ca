from __future__ import annotations

import pytest

from enforcer.windows import api, privileges


@pytest.mark.parametrize(("code", "enforcement"), [(0, "confirmed"), (1300, "failed")])
def test_success_counts_only_when_all_was_assigned(windows, monkeypatch, code, enforcement):
    windows |= {
        "GetCurrentProcess": lambda: -1, "OpenProcessToken": lambda *_: 1, "LookupPrivilegeValueW": lambda *_: 1,
        "AdjustTokenPrivileges": lambda *_: 1,
    }  # fmt: skip
    monkeypatch.setattr(api, "last_error", lambda: code)
    assert privileges.enable().enforcement == enforcement


def test_token_that_cannot_be_opened_is_told(windows):
    windows |= {"GetCurrentProcess": lambda: -1, "OpenProcessToken": lambda *_: 0}
    outcome = privileges.enable()
    assert (outcome.enforcement, "OpenProcessToken" in outcome.evidence) == ("failed", True)


def test_all_that_changes_owners_is_switched_on(monkeypatch):
    asked = []
    monkeypatch.setattr(privileges, "enable", asked.append)
    privileges.enable_ownership()
    assert asked == ["SeTakeOwnershipPrivilege", "SeRestorePrivilege", "SeBackupPrivilege"]
