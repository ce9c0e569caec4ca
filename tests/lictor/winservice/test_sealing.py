"""The home on a system with access lists and on one without, both made up; what Windows itself keeps is not tested anywhere here."""

from __future__ import annotations

import pytest

from enforcer.windows import security
from lictor.winservice import sealing
from lictor.winservice.trust import home_problems

USER = "S-1-5-21-1-2-3-1001"
BY_USER = f"O:{USER}G:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)"
FILLABLE = "O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;CIID;DCLCRPCR;;;BU)(A;OICIID;0x1200a9;;;BU)"


@pytest.fixture
def home(tmp_path, lists, monkeypatch):
    monkeypatch.setattr(sealing, "enable_ownership", lambda: None)
    return tmp_path / "Lictor"


def states(steps):
    return [(step.name, step.state) for step in steps]


def test_a_new_home_is_closed_with_all_its_folders(home, lists):
    steps = sealing.seal(home)
    assert states(steps) == [("home", "confirmed")]
    assert sorted(p.name for p in home.iterdir()) == ["lake", "log", "policies"]
    assert security.is_sealed(security.describe_itself(str(home)))
    assert home_problems(home) == []
    assert [p for p in home.parent.iterdir() if p != home] == []


def test_a_second_time_nothing_is_changed(home, lists):
    sealing.seal(home)
    (home / "policies" / "a.yaml").write_text("a")
    lists.taken.clear()
    assert states(sealing.seal(home)) == [("home", "confirmed")]
    assert lists.taken == [home]
    assert (home / "policies" / "a.yaml").read_text() == "a"


def test_a_home_that_a_user_made_first_is_set_aside_whole(home, lists):
    (home / "policies").mkdir(parents=True)
    (home / "policies" / "allow.yaml").touch()
    lists.of[home] = BY_USER
    steps = sealing.seal(home)
    assert states(steps) == [("set aside", "confirmed"), ("home", "confirmed")]
    assert USER in steps[0].evidence
    assert list((home / "policies").iterdir()) == []
    (aside,) = home.parent.glob("Lictor.foreign-*")
    assert (aside / "policies" / "allow.yaml").exists()


def test_a_users_links_are_set_aside_with_his_home_and_lead_nowhere(home, lists, tmp_path):
    (tmp_path / "system").mkdir()
    home.symlink_to(tmp_path / "system", target_is_directory=True)
    lists.of[home] = BY_USER
    assert states(sealing.seal(home)) == [("set aside", "confirmed"), ("home", "confirmed")]
    assert list((tmp_path / "system").iterdir()) == []
    assert not home.is_symlink()
    (aside,) = home.parent.glob("Lictor.foreign-*")
    assert aside.is_symlink()


@pytest.mark.parametrize("part", ["policies", "lake", "policies/a.yaml", "policies/deep/a.yaml"])
def test_what_a_user_put_into_a_home_of_ours_is_not_believed(home, lists, part):
    (home / "policies" / "deep").mkdir(parents=True)
    (home / "lake").mkdir()
    for file in ("a.yaml", "deep/a.yaml"):
        (home / "policies" / file).touch()
    lists.of[home / part] = BY_USER
    (step,) = sealing.seal(home)
    assert (step.state, step.evidence.partition(":")[0]) == ("failed", f"{home / part} is owned by {USER}")


def test_a_policy_that_users_may_write_is_not_believed_and_a_folder_that_they_may_fill_is_closed(home, lists):
    (home / "policies").mkdir(parents=True)
    (home / "policies" / "a.yaml").touch()
    lists.of[home] = lists.of[home / "policies"] = FILLABLE
    assert states(sealing.seal(home)) == [("home", "confirmed")]
    assert home / "policies" in lists.taken
    lists.of[home / "policies" / "a.yaml"] = "O:BAG:SYD:(A;;FA;;;BA)(A;;FW;;;BU)"
    assert "may have been written by Users" in sealing.seal(home)[0].evidence


def test_what_a_quarantined_file_brought_along_is_taken_over(home, lists):
    sealing.seal(home)
    (home / "lake" / "taken").touch()
    lists.of[home / "lake" / "taken"] = BY_USER
    assert states(sealing.seal(home)) == [("home", "confirmed")]
    assert lists.taken[-1] == home / "lake" / "taken"


def test_anything_that_leads_elsewhere_stops_it_before_a_list_is_set(home, lists, tmp_path):
    (home / "lake").mkdir(parents=True)
    (home / "lake" / "out").symlink_to(tmp_path)
    (step,) = sealing.seal(home)
    assert step.state == "failed"
    assert "leads elsewhere" in step.evidence
    assert lists.taken == []


def test_a_link_that_was_put_in_before_the_home_was_closed_stops_it_too(home, lists, tmp_path, monkeypatch):
    home.mkdir()
    closes = security.take_over

    def late(path, sddl):
        (home / "policies").symlink_to(tmp_path, target_is_directory=True)
        closes(path, sddl)

    monkeypatch.setattr(security, "take_over", late)
    (step,) = sealing.seal(home)
    assert (step.state, "leads elsewhere" in step.evidence) == ("failed", True)
    assert lists.taken == [home]


def test_where_no_lists_are_kept_that_is_said_and_nothing_is_set_aside(home, lists):
    lists.keeps, lists.usual = False, BY_USER
    home.mkdir()
    steps = sealing.seal(home)
    assert states(steps) == [("home", "unverified")]
    assert "keeps no access lists" in steps[0].evidence
    assert states(sealing.seal(home)) == [("home", "unverified")]


def test_a_list_that_was_not_set_although_that_is_possible_is_a_failure(home, lists, monkeypatch):
    sealing.seal(home)
    lists.of[home / "log"] = FILLABLE
    monkeypatch.setattr(security, "take_over", lambda *_: None)
    (step,) = sealing.seal(home)
    assert (step.state, step.evidence) == ("failed", f"{home / 'log'} is open to Users")


def test_an_error_of_the_system_is_a_failure(home, monkeypatch):
    def refused(*_):
        raise OSError("access denied")

    monkeypatch.setattr(security, "make_folder", refused)
    (step,) = sealing.seal(home)
    assert (step.state, step.evidence) == ("failed", "access denied")


def test_a_home_that_is_gone_is_told_of(home):
    assert sealing.look(home).state == "failed"


def test_a_user_who_may_not_look_is_told_so_and_not_that_it_is_open(home, lists, monkeypatch):
    sealing.seal(home)

    def refused(_):
        raise PermissionError("access denied")

    monkeypatch.setattr(security, "describe_itself", refused)
    assert sealing.look(home) == ("home", "unverified", "access denied")
