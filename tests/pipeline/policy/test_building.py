from __future__ import annotations

import gc

import pytest

from pipeline.policy.building import building


def test_no_search_for_garbage_within_and_again_afterwards():
    assert gc.isenabled()
    with building():
        assert not gc.isenabled()
        with building():
            pass
        assert not gc.isenabled(), "the outer one goes on"
    assert gc.isenabled()


def test_a_failure_leaves_it_as_it_was():
    with pytest.raises(ZeroDivisionError), building():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_who_had_switched_it_off_finds_it_off():
    gc.disable()
    try:
        with building():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_function_is_decorated_each_time_it_is_called():
    @building()
    def work():
        return gc.isenabled()

    assert [work(), work(), gc.isenabled()] == [False, False, True]
