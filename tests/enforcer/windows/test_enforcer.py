from __future__ import annotations

import pytest

from enforcer.interface import GuardRefusal, Order, Outcome, RunHandle
from enforcer.windows import process
from enforcer.windows.enforcer import WindowsEnforcer

ORDER = Order("kill", "r1", 80, 8, object="C:\\a")


class FakeGuard:
    def __init__(self, *, many=False, protected=()):
        self.many, self.protected = many, protected

    def check(self, order):
        self.check_group(order.run, [order.pid])

    def check_process(self, run, pid, _key):
        self.check_group(run, [pid])

    def check_group(self, _run, pids):
        if set(pids) & set(self.protected):
            raise GuardRefusal("protected")

    def check_file(self, _path):
        pass

    def permit_run(self, _order):
        pass

    def permit_file(self, _order):
        pass

    def permit_process(self, _order):
        return not self.many


class FakeGroup:
    def __init__(self, pids=(8, 12), *, stays=False, stands=True, error=None):
        self.members, self.stays, self.stands, self.error = list(pids), stays, stands, error

    def pids(self):
        return list(self.members)

    def add(self, pid):
        self.members.append(pid)

    def kill(self):
        if self.error:
            raise self.error
        if not self.stays:
            self.members.clear()

    def wait_empty(self, _timeout):
        return not self.members

    def freeze(self, _timeout):
        return self.stands

    def thaw(self, _timeout):
        return self.stands


@pytest.fixture
def enforcer():
    return WindowsEnforcer(FakeGuard())


def test_run_is_gone_when_job_and_tags_show_nobody(enforcer, monkeypatch):
    living = {20}
    monkeypatch.setattr(process, "alive", lambda pid, _key: pid in living)
    monkeypatch.setattr(process, "kill_process", lambda pid, _key, _timeout: living.discard(pid))
    handle = RunHandle("r1", group=FakeGroup(), survivors=lambda: [(20, 200)])
    outcome = enforcer.kill_run(ORDER, handle, 1)
    assert outcome.confirmed, outcome
    assert not living


def test_job_that_still_lists_somebody_is_no_proof(enforcer):
    handle = RunHandle("r1", group=FakeGroup(stays=True))
    assert enforcer.kill_run(ORDER, handle, 0.05).enforcement == "unverified"
    assert enforcer.wait_run_gone(ORDER, handle, 0) is None


def test_error_of_the_system_is_a_failure_with_its_text(enforcer):
    handle = RunHandle("r1", group=FakeGroup(error=OSError("TerminateJobObject: no")))
    assert enforcer.kill_run(ORDER, handle, 0.05) == Outcome("failed", "TerminateJobObject: no")


def test_run_of_which_no_job_can_be_made_is_ended_process_by_process(enforcer, monkeypatch):
    living = {20, 24}
    monkeypatch.setattr(process, "alive", lambda pid, _key: pid in living)
    monkeypatch.setattr(process, "kill_process", lambda pid, _key, _timeout: living.discard(pid))

    def gather():
        raise OSError("grows too fast")

    outcome = enforcer.kill_run(ORDER, RunHandle("r1", gather=gather, survivors=lambda: [(20, 1), (24, 1)]), 1)
    assert outcome.confirmed
    assert "no job" in outcome.evidence


def test_freeze_is_confirmed_only_when_all_stand_still_and_takes_in_who_is_outside(enforcer, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda _pid, _key: True)
    leases = []
    group = FakeGroup()
    handle = RunHandle("r1", group=group, survivors=lambda: [(20, 200)], lease=leases.append)
    assert enforcer.freeze_run(ORDER, handle, 1).confirmed
    assert group.members == [8, 12, 20]
    assert enforcer.thaw_run(ORDER, handle, 1).confirmed
    assert leases == [630.0, None]
    group.stands = False
    assert enforcer.freeze_run(ORDER, handle, 1).enforcement == "unverified"
    assert enforcer.thaw_run(ORDER, handle, 1).enforcement == "failed"


def test_protected_process_in_the_group_stops_everything():
    group = FakeGroup()
    enforcer = WindowsEnforcer(FakeGuard(protected=[12]))
    for act in (enforcer.kill_run, enforcer.freeze_run):
        with pytest.raises(GuardRefusal):
            act(ORDER, RunHandle("r1", group=group), 1)
    assert group.members == [8, 12]


def test_too_many_single_kills_are_refused_without_touching_anybody():
    assert WindowsEnforcer(FakeGuard(many=True)).kill_process(ORDER, 1).enforcement == "failed"


def test_what_there_is_no_means_for_fails_and_says_so(enforcer):
    handle = RunHandle("r1")
    for outcome in (enforcer.cut_network(ORDER, handle), enforcer.join_network(ORDER, handle)):
        assert outcome.enforcement == "failed"
    enforcer.begin_quarantine(ORDER, "deed")
    assert enforcer.wait_quarantined(ORDER, "deed", 5).enforcement == "failed"
    enforcer.close()
