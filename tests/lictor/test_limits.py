from __future__ import annotations

from pathlib import Path

from collectors.ebpf.source import EBPF
from collectors.portable.source import PORTABLE
from lictor.limits import limits
from lictor.service import Settings


def test_a_source_that_decides_in_the_kernel_has_nothing_to_excuse():
    assert list(limits(EBPF, Settings(Path("lake")))) == []


def test_what_is_not_seen_is_said_in_one_line_and_with_a_policy_what_is_not_done():
    (plain,) = limits(PORTABLE, Settings(Path("lake")))
    (enforced,) = limits(PORTABLE, Settings(Path("lake"), policies=["a policy"]))
    (audited,) = limits(PORTABLE, Settings(Path("lake"), policies=["a policy"], audit=True))
    assert PORTABLE.misses in plain
    assert plain == audited
    assert PORTABLE.acts in enforced
    assert "\n" not in enforced
