from __future__ import annotations

from collectors.ebpf.source import EBPF
from collectors.portable.source import PORTABLE
from collectors.sources import Choice
from lictor.limits import limits


def test_a_source_that_decides_in_the_kernel_has_nothing_to_excuse():
    assert list(limits(Choice(EBPF), enforced=True)) == []


def test_what_is_not_seen_is_said_in_one_line_and_under_a_policy_what_is_not_done():
    (plain,) = limits(Choice(PORTABLE), enforced=False)
    (enforced,) = limits(Choice(PORTABLE), enforced=True)
    assert PORTABLE.misses in plain
    assert PORTABLE.acts not in plain
    assert PORTABLE.acts in enforced
    assert "\n" not in enforced


def test_why_it_was_not_a_better_one_is_said_too():
    _, why = limits(Choice(PORTABLE, ((EBPF, "no root"),)), enforced=False)
    assert why == "  ebpf would see more: no root"
