from __future__ import annotations

import sys

import pytest

from enforcer.windows import security
from lictor.winservice import trust

FILLABLE = "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;CI;DCLCRPCR;;;BU)"
USER = "S-1-5-21-1-2-3-1001"


@pytest.fixture
def home(tmp_path, lists):
    made = tmp_path / "data" / "Lictor"
    (made / "policies" / "common").mkdir(parents=True)
    (made / "policies" / "common" / "a.yaml").touch()
    (made / "lake").mkdir()
    lists.of[made.parent] = FILLABLE
    return made


def test_a_closed_home_in_a_folder_that_users_may_fill_is_fine(home):
    assert trust.home_problems(home) == []


@pytest.mark.parametrize("part", [".", "policies", "policies/common", "policies/common/a.yaml"])
def test_whoever_may_write_policies_or_owns_them_is_named(home, lists, part):
    lists.of[home / part] = f"O:{USER}G:SYD:PAI(A;;FA;;;SY)"
    assert trust.home_problems(home) == [f"{home / part} may be changed by {USER}"]


def test_the_lake_is_not_what_a_policy_is_taken_from(home, lists):
    lists.of[home / "lake"] = FILLABLE
    assert trust.home_problems(home) == []


def test_whoever_could_put_another_folder_in_its_place_is_named(home, lists):
    lists.of[home.parent] = "O:SYG:SYD:(A;;FA;;;SY)(A;;DT;;;BU)"
    assert trust.home_problems(home) == [f"what lies in {home.parent} may be replaced by Users"]


def test_policies_that_lie_elsewhere_are_not_believed(home, tmp_path):
    (home / "policies").rename(tmp_path / "there")
    (home / "policies").symlink_to(tmp_path / "there", target_is_directory=True)
    assert trust.home_problems(home) == [f"{home / 'policies'} is a link or junction"]


def test_what_cannot_be_read_counts_against_it(home, monkeypatch):
    def refused(_):
        raise OSError("access denied")

    monkeypatch.setattr(security, "describe_itself", refused)
    assert "nobody knows whom (access denied)" in trust.home_problems(home)[0]


def test_a_python_that_a_user_may_change_is_named(tmp_path, lists):
    lists.of[tmp_path / "venv"] = f"O:{USER}G:SYD:PAI(A;;FA;;;{USER})"
    (tmp_path / "venv").mkdir()
    (tmp_path / "base").mkdir()
    assert trust.program_problems([tmp_path / "base"]) == []
    found = trust.program_problems([tmp_path / "base", tmp_path / "venv"])
    assert found == [f"{tmp_path / 'venv'} may be changed by {USER}"]


def test_this_python_is_looked_at_where_it_and_its_packages_are(lists):
    lists.usual = FILLABLE
    assert f"{sys.prefix} may be changed by Users" in trust.program_problems()


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_there_are_no_variables_of_the_machine():
    assert trust.machine_variables() == []
