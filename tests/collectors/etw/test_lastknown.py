from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collectors.etw.lastknown import LastKnown

MOMENTS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40)


@given(st.lists(MOMENTS, max_size=4))
def test_every_question_is_answered_as_a_dictionary_would(chunks):
    known, plain, told_so_far = LastKnown(100), {}, 0
    for chunk in chunks:
        tell = [(k, at, told_so_far + n) for n, (at, (k, telling)) in enumerate(enumerate(chunk)) if telling]
        told_so_far += len(chunk)
        ask = [(k, at) for at, (k, telling) in enumerate(chunk) if not telling]
        told = tuple(np.array(c, np.int64) for c in zip(*tell, strict=True)) if tell else (np.zeros(0, np.int64),) * 3
        keys, at, values = told[0].view(np.uint64), told[1], told[2]
        answers = known.told(keys, at, values).asked(
            np.array([k for k, _ in ask], np.uint64), np.array([a for _, a in ask], np.int64)
        )
        known.remember(keys, at, values)
        expected = []
        by_moment = {at: (k, v) for k, at, v in tell}
        for at, (k, telling) in enumerate(chunk):
            if telling:
                plain[k] = by_moment[at][1]
            else:
                expected.append(plain.get(k, -1))
        assert answers.tolist() == expected


def test_of_too_many_the_last_spoken_of_stay_and_the_others_are_counted():
    known = LastKnown(2)
    for key in (1, 2, 3):
        known.remember(np.array([key], np.uint64), np.array([0]), np.array([key * 10]))
    assert dict(zip(known.keys.tolist(), known.values.tolist(), strict=True)) == {2: 20, 3: 30}
    assert known.forgotten == 1


def test_values_are_renumbered():
    known = LastKnown(5)
    known.remember(np.array([1, 2], np.uint64), np.array([0, 0]), np.array([0, 1]))
    known.renumber(np.array([7, 8, -1]))
    assert known.values.tolist() == [7, 8]
