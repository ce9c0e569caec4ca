"""The table of groups holds together; what is in a group is compared with what the corpus's profiles rely on."""

from __future__ import annotations

from pipeline.policy import globs
from pipeline.policy.dialects.nono.groups import BASES, DEFAULT, ELSEWHERE, GROUPS, NETWORK_PROFILES
from pipeline.policy.dialects.nono.paths import pattern
from pipeline.policy.texts import domain


def test_forty_groups_and_each_name_is_known():
    assert not GROUPS.keys() & ELSEWHERE
    assert len(GROUPS) + len(ELSEWHERE) == 40
    assert set(DEFAULT) | {g for b in BASES.values() for g in b.groups} <= GROUPS.keys()


def test_what_denies_is_required():
    for name, group in GROUPS.items():
        assert group.required == bool(group.deny) == name.startswith("deny_")


def test_paths_and_hosts_are_patterns():
    for group in GROUPS.values():
        for path in (*group.read, *group.write, *group.both, *group.deny):
            globs.check(str(pattern(path)))
    for hosts in NETWORK_PROFILES.values():
        assert all(domain(h) == h for h in hosts)


def test_network_profiles_grow():
    assert set(NETWORK_PROFILES["minimal"]) < set(NETWORK_PROFILES["developer"]) < set(NETWORK_PROFILES["enterprise"])
    assert {b.network_profile for b in BASES.values()} <= {None, *NETWORK_PROFILES}
