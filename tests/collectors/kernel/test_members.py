"""Members side by side against numpy's own reading of the structured records."""

from __future__ import annotations

import numpy as np
import pytest

from collectors.kernel import records
from collectors.kernel.members import Members

TURNED = [n for n in records.EVENT.names if n not in ("net.src", "net.dst", "net.src_port", "net.dst_port")]


@pytest.fixture(scope="module", params=[0, 1, 5000])
def raw(request):
    return np.random.default_rng(7).integers(0, 256, (request.param, records.STRIDE)).astype(np.uint8)


@pytest.mark.parametrize("name", TURNED)
def test_each_member_equals_the_structured_one(raw, name):
    structured = raw.reshape(-1).view(records.EVENT)
    assert (Members(raw)[name] == structured[name]).all()
    assert Members(raw)[name].dtype == structured[name].dtype


def test_rows_come_in_the_order_asked_for(raw):
    order = np.random.default_rng(8).permutation(len(raw))
    members, wanted = Members(raw, order), raw[order].reshape(-1).view(records.EVENT)
    assert len(members) == len(raw)
    for name in TURNED:
        assert (members[name] == wanted[name]).all()
    some = np.arange(0, len(raw), 3)
    assert (members[some] == wanted[some]).all()


def test_addresses_are_read_off_whole_records(raw):
    with pytest.raises(KeyError):
        Members(raw)["net.src"]
