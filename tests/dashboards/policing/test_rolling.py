"""A roll-out is handed to who may, recorded before the text leaves, and its command names one file whatever that is called."""

from __future__ import annotations

import shlex

import pytest

from dashboards import context, who
from dashboards.interface import Account, DashboardError, Origin, Role
from dashboards.policing import rolling
from dashboards.policing.draft import Draft

CAREFUL = {"policy": "careful", "part": "Edit"}


def edited(at):
    area = at.text_area[0]
    area.set_value("# more\n" + area.value).run()
    assert not at.exception
    return at


def test_only_an_admin_prepares_a_roll_out_and_that_is_recorded(governed, journal):
    at = edited(governed.page("policies", role=Role.responder, query=CAREFUL))
    assert next(b for b in at.button if b.label == "Prepare roll-out").disabled
    at = edited(governed.page("policies", role=Role.admin, query=CAREFUL))
    next(b for b in at.button if b.label == "Prepare roll-out").click().run()
    (row,) = journal.acts("policy")
    assert row["detail"]["file"] == "/etc/lictor/policies/careful.yaml"
    assert "sudo install -m 0644 careful.yaml /etc/lictor/policies/careful.yaml" in at.code[-1].value


def test_the_role_is_asked_when_it_is_done(stage):
    context.install(stage.ports)
    who.recognise_by(lambda: Account("ann", Role.responder, "local"))
    stage.ports.journal.rows.clear()

    class Tools:
        def check(self, *_):
            return []

        explain = lint = tests = check

    context.install(type(stage.ports)(stage.ports.lake, stage.ports.journal, policies=Tools()))
    with pytest.raises(DashboardError, match="needs the role admin"):
        rolling.prepare(Draft("p", "v", "", "lictor: 1"))
    assert stage.ports.journal.rows == []


@pytest.mark.parametrize(
    "file", ["/etc/lictor/p.yaml", "/etc/x; rm -rf ~/p.yaml", "/etc/$(reboot).yaml", "/etc/a'b.yaml"]
)
def test_a_command_names_one_file_whatever_it_is_called(file):
    words = shlex.split(rolling.command(Draft("p", "v", "", "", Origin(file))).split("\n")[0])
    assert words == ["sudo", "install", "-m", "0644", file.rpartition("/")[2], file]


def test_a_new_policy_goes_where_policies_are():
    assert "/etc/lictor/policies/policy.yaml" in rolling.command(Draft("p", "", "", ""))
