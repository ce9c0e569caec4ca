"""Files in quarantine: the two ways out, and who may."""

from __future__ import annotations

import pytest

from dashboards.holding.files import purge, restore
from dashboards.interface import Role
from dashboards.parts import deeds
from tests.dashboards.holding.conftest import HOSTILE, kept


@pytest.mark.parametrize(("deed_of", "act"), [(restore, "restore"), (purge, "purge")])
def test_a_way_out_is_about_this_file_and_recorded_before_and_after(looking, files, journal, deed_of, act):
    looking()
    files.rows = [kept("q-1"), kept("q-2")]
    deed = deed_of(files.rows[1])
    assert deed.reason
    assert deeds.carried_out(deed, "clean") == (True, f"{act} q-2: confirmed: q-2: {act}d and looked at")
    assert files.told == [(act, "q-2", "ann", "clean")]
    assert [(r["phase"], r.get("outcome"), r["note"], r["object"]) for r in journal.acts(act)] == [
        ("intent", None, "clean", "q-2 /tmp/dropper"), ("result", "success", "clean", "q-2 /tmp/dropper"),
    ]  # fmt: skip


def test_what_the_vault_refuses_is_told_and_recorded_as_a_failure(looking, files, journal):
    looking()
    files.refuse = "/tmp/dropper is there again: nothing is put over it"
    assert deeds.carried_out(restore(kept()), "x") == (False, files.refuse)
    assert [r.get("outcome") for r in journal.acts("restore")] == [None, "failure"]


def test_without_a_vault_nothing_is_done(looking, journal):
    looking(vault=None)
    done, line = deeds.carried_out(purge(kept()), "x")
    assert not done
    assert "no way to a quarantine" in line


def test_an_analyst_may_not(looking, files):
    looking(Role.analyst)
    assert deeds.carried_out(purge(kept()), "x")[0] is False
    assert files.told == []


@pytest.mark.parametrize("deed_of", [restore, purge])
def test_the_dialog_shows_a_hostile_name_harmlessly(deed_of):
    assert not set(deed_of(kept(path=HOSTILE)).says) & set("\n\x1b\u202e")
