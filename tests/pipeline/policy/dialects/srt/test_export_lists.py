"""The lists of an export."""

from __future__ import annotations

from pipeline.policy.dialects.srt.export_lists import Lists


def test_doubles_are_left_out_and_names_are_not_paths():
    assert Lists.once(["/a", {"path": "/a", "literal": True}, "/a"]) == ["/a", {"path": "/a", "literal": True}]


def test_denied_hosts_take_allowed_ones_away():
    lists = Lists(
        allowed_domains=["a.com", "x.org", "10.0.0.1:22"], denied_names=["*.com"], denied_networks=["10.0.0.0/8"]
    )
    assert lists.allowed_hosts() == ["x.org"]
