"""The array tables against plain dictionaries."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collectors.kernel.processes import ImageTable, ProcessTable

keys = st.one_of(st.integers(-6, 6), st.sampled_from([-(2**63), 2**63 - 1]))
rows = st.lists(st.tuples(keys, keys, st.integers(0, 2**32 - 1)), max_size=6)
script = st.lists(
    st.one_of(
        st.tuples(st.just("add"), rows),
        st.tuples(st.just("set"), rows),
        st.tuples(st.just("remove"), rows),
    ),
    max_size=10,
)
ALL = np.array([*range(-7, 8), -(2**63), 2**63 - 1], np.int64)


def arrays(given_rows):
    first, second, third = ([r[i] for r in given_rows] for i in range(3))
    return np.array(first, np.int64), np.array(second, np.int64), np.array(third, np.uint32)


@given(script)
def test_process_table_equals_a_dictionary(steps):
    table, model = ProcessTable(), {}
    for what, given_rows in steps:
        own, parents, images = arrays(given_rows)
        if what == "add":
            table.add(own, parents, images)
            model.update((k, [p, i]) for k, p, i in given_rows)
        elif what == "set":
            table.set_images(own, images)
            for k, _, image in given_rows:
                if k in model:
                    model[k][1] = image
        else:
            table.remove(own)
            for k, _, _ in given_rows:
                model.pop(k, None)
        assert len(table) == len(model)
        found, known = table.parents(ALL)
        assert known.tolist() == [k in model for k in ALL.tolist()]
        assert found[known].tolist() == [model[k][0] for k in ALL.tolist() if k in model]
        images = [model[k][1] if k in model else 0 for k in ALL.tolist()]
        assert table.images_of(ALL).tolist() == images
        assert table.live_images().tolist() == sorted({i for _, i in model.values()})


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["a", "b", None]), st.integers(0, 99)), max_size=5),
        max_size=6,
    )
)
def test_image_table_equals_a_dictionary(parts):
    table, model = ImageTable(), {}
    asked = np.arange(10, dtype=np.uint32)
    for part in parts:
        texts = [t for _, t, _ in part]
        table.add(
            np.array([n for n, _, _ in part], np.uint32),
            np.array([b for _, _, b in part], np.int64),
            {c: [None if t is None else f"{c} {t}" for t in texts] for c in ImageTable.COLUMNS},
        )
        model.update((n, (t, b)) for n, t, b in part)
        assert len(table) == len(model)
        for column in ImageTable.COLUMNS:
            expected = [f"{column} {model[n][0]}" if n in model and model[n][0] else None for n in asked.tolist()]
            assert table.get(asked, column) == expected
        lengths, known = table.argv_bytes(asked)
        assert known.tolist() == [n in model for n in asked.tolist()]
        assert lengths[known].tolist() == [model[n][1] for n in asked.tolist() if n in model]


def filled(count, keep):
    table = ImageTable(keep)
    numbers = np.arange(count, dtype=np.uint32)
    table.add(numbers, np.zeros(count, np.int64), {c: [str(n) for n in range(count)] for c in ImageTable.COLUMNS})
    return table


def test_programs_of_ended_processes_are_dropped_once_many_have_gathered():
    few, many = filled(4, keep=4), filled(5, keep=4)
    live = np.array([1, 3], np.uint32)
    few.drop_ended(live)
    many.drop_ended(live)
    assert len(few) == 4
    assert many.get(np.arange(5), "exe") == [None, "1", None, "3", None]


def test_a_program_of_an_unknown_number_is_none():
    table = filled(3, keep=9)
    assert table.get(np.array([2, 7]), "cwd") == ["2", None]
    assert ImageTable().get(np.array([0]), "exe") == [None]
