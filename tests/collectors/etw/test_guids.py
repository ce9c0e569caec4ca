from __future__ import annotations

from uuid import UUID

from collectors.etw.guids import KERNEL_GROUPS, PROVIDERS, guid_of, guid_words, name_of


def test_every_provider_is_found_by_its_own_words():
    assert {name_of(guid_words(name)) for name in PROVIDERS.values()} == set(PROVIDERS.values())


def test_a_guid_as_text_is_the_one_that_is_named():
    assert PROVIDERS[guid_of("Microsoft-Windows-Kernel-File")] == "Microsoft-Windows-Kernel-File"


def test_an_unknown_provider_is_its_guid():
    guid = "0cd1c309-0878-4515-83db-749843b3f5c9"
    raw = UUID(guid).bytes_le
    assert name_of((int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little"))) == guid


def test_kernel_groups_without_a_name_are_told_apart():
    names = {name_of((int(a), int(b))) for a, b in KERNEL_GROUPS}
    assert len(names) == 256
    assert "SystemTrace-group-0xee" in names
