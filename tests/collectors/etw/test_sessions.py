from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collectors.etw import network, tables
from collectors.etw.guids import guid_of
from collectors.etw.sessions import ACTIVITY, NAMES, PROCESS, SESSIONS, SYSTEM, Owner, owner_of, stale
from pipeline import schema

ROWLESS = {"name"}
"""Roles whose events make no row and are wanted all the same: names of files."""


def test_each_provider_is_asked_for_events_that_are_decoded_and_serve_something():
    for session in SESSIONS:
        for provider in session.providers:
            assert guid_of(provider.name)
            assert 0 < len(provider.ids) <= 64  # MAX_EVENT_FILTER_EVENT_ID_COUNT
            for id_ in provider.ids:
                assert any(e.role for e in tables.EVENTS if (e.provider, e.id) == (provider.name, id_)), (
                    provider.name,
                    id_,
                )


def test_no_event_that_makes_rows_is_left_out():
    asked = {(p.name, id_) for s in SESSIONS for p in s.providers for id_ in p.ids}
    subscribed = {name for name, _ in asked}
    told = {(e.provider, e.id) for e in tables.EVENTS if e.provider in subscribed and e.role}
    left_out = {(name, id_) for name, id_ in told - asked if "Network" not in name or id_ in network.SAID}
    # What only other masks bring: rundowns of keys that are opened, and results, one for each operation.
    assert left_out == {("Microsoft-Windows-Kernel-Registry", 2), ("Microsoft-Windows-Kernel-File", 24)}


def test_masks_are_those_of_the_manifests():
    masks = {
        provider.name.removeprefix("Microsoft-Windows-"): provider.mask for s in SESSIONS for provider in s.providers
    }
    assert masks["Kernel-Process"] == 0x10 | 0x40
    assert masks["Kernel-File"] == 0x10 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800 | 0x1000
    assert masks["Kernel-Network"] == 0x10 | 0x20
    assert masks["Kernel-Registry"] == 0x100 | 0x200 | 0x1000 | 0x4000
    assert masks["DNS-Client"] == 0


def test_events_without_a_keyword_are_only_left_out_where_keywords_are_asked_for():
    assert {bool(p.properties & 0x10) == bool(p.mask) for s in SESSIONS for p in s.providers} == {True}
    assert all(p.properties & 0x80 for s in SESSIONS for p in s.providers)


def test_sessions_of_the_kernels_events_have_no_providers_and_classes_are_those_of_the_schema():
    for session in (*SESSIONS, NAMES):
        assert bool(session.flags) == (not session.providers) == bool(session.mode & 0x0200_0000)
        assert session.mode & 0x100
        assert set(session.classes) <= set(schema.CLASSES)
    assert [s.kind for s in (SYSTEM, PROCESS, ACTIVITY)] == ["sys", "proc", "act"]


@given(st.integers(1, 1 << 25), st.integers(0, 1 << 62))
def test_a_name_says_whose_it_is(pid, created):
    assert owner_of(Owner(pid, created).name(SYSTEM)) == Owner(pid, created)


def test_only_sessions_of_lictors_that_are_gone_are_stale():
    alive, gone, again = Owner(8, 100), Owner(12, 100), Owner(8, 99)
    names = [owner.name(PROCESS) for owner in (alive, gone, again)]
    others = ["NT Kernel Logger", "lictor", "lictor-act-x-y", "lictors-act-8-64", "lictor-act-8-64-1", ""]
    assert stale([*names, *others], [alive]) == names[1:]
