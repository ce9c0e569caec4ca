"""The table against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.sequences.marks import Marks

KEYS = st.integers(-3, 6)
ASKED = np.arange(-4, 8)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.dictionaries(KEYS, st.integers(0, 7), max_size=5)),
        st.tuples(st.just("drop"), st.lists(KEYS, max_size=3)),
        st.tuples(st.just("latest"), st.integers(0, 6)),
    ),
    max_size=8,
)


@given(CHANGES)
def test_marks_are_those_of_a_dictionary(changes):
    marks, bits, since, lost, wanted_lost = Marks(), {}, {}, 0, 0
    for moment, (what, argument) in enumerate(changes):
        if what == "add":
            keys = np.array(list(argument), np.int64)
            marks.add(keys, np.array(list(argument.values()), np.int64), np.full(len(keys), moment))
            for key, bit in argument.items():
                if bit or key in bits:
                    bits[key] = bits.get(key, 0) | bit
                    since.setdefault(key, moment)
        elif what == "drop":
            marks.drop(np.array(argument, np.int64))
            bits = {k: b for k, b in bits.items() if k not in argument}
        else:
            lost += marks.keep_latest(argument)
            oldest = sorted(bits, key=lambda k: (since[k], k))[: max(0, len(bits) - argument)]
            wanted_lost += len(oldest)
            bits = {k: b for k, b in bits.items() if k not in oldest}
        since = {k: s for k, s in since.items() if k in bits}
        assert marks.look_up(ASKED).tolist() == [bits.get(k, 0) for k in ASKED.tolist()]
    assert lost == wanted_lost
    assert len(marks) == len(bits)


def test_renamed_keys_keep_their_bits():
    marks = Marks()
    marks.add(np.array([3, 1]), np.array([4, 2]), np.array([0, 0]))
    marks.renamed(np.array([9, -5]))
    assert marks.look_up(np.array([9, -5, 1, 3])).tolist() == [2, 4, 0, 0]
