"""Numbers of texts: never a processor's, never used twice, and those of a new epoch above all of the one before."""

from __future__ import annotations

import numpy as np

from collectors.bcc.records import EPOCH_BITS
from collectors.bcc.texts import OwnTexts
from collectors.kernel.strings import StringTable


def test_numbers_are_none_that_a_processor_gives_out():
    strings = StringTable()
    own = OwnTexts(strings, processors=4)
    numbers = [own.number(f"text {i}") for i in range(100)]
    of_processors = {n * 5 + cpu + 1 for n in range(200) for cpu in range(4)}  # as sensor/maps.c has it
    assert len(set(numbers)) == 100
    assert not set(numbers) & of_processors
    assert strings.get(np.array(numbers, np.uint32)) == [f"text {i}" for i in range(100)]


def test_the_same_text_has_the_same_number_and_none_has_none():
    own = OwnTexts(StringTable(), 2)
    assert own.number("a") == own.number("a") != own.number("b")
    assert own.number(None) == 0


def test_a_new_epoch_is_above_all_of_the_old_one_so_that_forgetting_spares_it():
    strings = StringTable()
    own = OwnTexts(strings, 2)
    old = own.number("a")
    assert not own.begin(1)
    assert own.begin(2)
    new = own.number("a")
    assert new > 1 << EPOCH_BITS > old
    strings.forget(old)
    assert (strings.text(old), strings.text(new)) == (None, "a")


def test_an_epoch_that_is_used_up_gives_no_number():
    own = OwnTexts(StringTable(), 2)
    own._given = (1 << EPOCH_BITS) // 3
    assert own.number("one too many") == 0
