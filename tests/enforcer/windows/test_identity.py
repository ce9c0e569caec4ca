from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collectors.etw.identity import process_keys
from collectors.etw.machine import boot_id
from enforcer.windows.identity import process_key

PIDS = st.integers(1, (1 << 23) - 1).map(lambda n: 4 * n)
TIMES = st.integers(129_067_776_000_000_000, (1 << 63) - 1)


@given(PIDS, TIMES)
def test_the_enforcer_names_a_process_as_the_rows_do(pid, created):
    assert process_key(pid, created) == process_keys(boot_id(), np.array([created]), np.array([pid]))[0]
    assert process_key(pid, created) != process_key(pid + 4, created)
    assert process_key(pid, created) != process_key(pid, created - 1)
