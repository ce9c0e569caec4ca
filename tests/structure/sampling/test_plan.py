"""The plan: the same seed gives the same, runs of a host follow each other, and none falls into a blind spell."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from tools.sampling.plan import BLIND, HOSTS, plan


def test_the_same_seed_gives_the_same_and_another_another(now):
    assert list(plan(now, 3, 1, 7)) == list(plan(now, 3, 1, 7))
    assert list(plan(now, 3, 1, 7)) != list(plan(now, 3, 1, 8))


def test_runs_of_a_host_begin_one_after_the_other(runs):
    for host in HOSTS:
        begins = [r.begins for r in runs if r.host == host]
        assert all(a < b for a, b in pairwise(begins))


def test_a_run_begins_after_its_boot_and_outside_of_the_blind_spell(runs):
    boots = {r.boot for r in runs if r.host.reboots}
    second = max(boots, key=lambda b: b.since)
    assert len(boots) == 2
    assert all(r.begins >= r.boot.since for r in runs)
    assert not [r for r in runs if r.host.reboots and second.since - BLIND <= r.begins < second.since]


def test_a_silent_host_has_no_run_that_goes_on(runs, now):
    silent = [r for r in runs if r.host.silent]
    assert silent
    assert not any(r.goes_on for r in silent)
    assert max(r.begins for r in silent) < now - silent[0].host.silent


def test_all_modes_are_there_and_only_unmanaged_runs_have_no_policy(runs):
    assert {r.mode for r in runs} == {"none", "audit", "enforce"}
    assert all((r.mode == "none") == (not r.policy) for r in runs)


def test_one_run_waits_for_a_person(runs, now):
    waits = [r for r in runs if r.goes_on and r.policy == "careful" and r.mode == "enforce"]
    assert waits
    assert all(now - timedelta(hours=1) < r.begins < now for r in waits)
