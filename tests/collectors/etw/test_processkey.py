from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collectors.etw.identity import process_keys
from collectors.etw.processkey import CREATED, START_KEY, boot_word, process_key


@given(st.text(), st.lists(st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 1 << 32)), min_size=1))
def test_one_key_at_a_time_is_the_key_of_many(boot, processes):
    created, pids = (np.array(column, np.int64) for column in zip(*processes, strict=True))
    assert [process_key(boot, c, p) for c, p in processes] == process_keys(boot, created, pids).tolist()


def test_a_boot_has_another_word_for_each_kind_of_number():
    assert len({boot_word("a", CREATED), boot_word("a", START_KEY), boot_word("b", CREATED)}) == 3


def test_numpy_is_not_needed():
    code = "import sys, collectors.etw.processkey, collectors.etw.machine; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
