"""How long guessers wait, and whom they can make wait."""

from __future__ import annotations

import pytest

from dashboards.auth import throttle as module
from dashboards.auth.throttle import FORGET_S, FREE_OF_ADDRESS, FREE_OF_NAME, FREE_TOGETHER, LONGEST_S, Throttle


@pytest.fixture
def throttle(clock):
    return Throttle(clock)


def fail(throttle, times, name="ann", address="10.0.0.1"):
    for _ in range(times):
        throttle.failed(name, address)


def test_a_few_failures_are_free(throttle):
    fail(throttle, FREE_TOGETHER - 1)
    assert throttle.wait("ann", "10.0.0.1") == 0


def test_then_each_wait_is_twice_as_long_up_to_five_minutes(throttle, clock):
    fail(throttle, FREE_TOGETHER)
    waits = []
    for _ in range(12):
        waits.append(throttle.wait("ann", "10.0.0.1"))
        clock.now += waits[-1]
        assert throttle.wait("ann", "10.0.0.1") == 0
        fail(throttle, 1)
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == LONGEST_S


def test_other_names_from_there_and_the_name_from_elsewhere_do_not_wait(throttle):
    fail(throttle, FREE_TOGETHER + 3)
    assert throttle.wait("vic", "10.0.0.1") == 0
    assert throttle.wait("ann", "10.0.0.2") == 0


def test_address_that_tries_many_names_waits(throttle):
    for n in range(FREE_OF_ADDRESS):
        throttle.failed(f"name{n}", "10.0.0.1")
    assert throttle.wait("another", "10.0.0.1") > 0
    assert throttle.wait("another", "10.0.0.2") == 0


def test_name_that_is_guessed_at_from_many_addresses_waits(throttle):
    for n in range(FREE_OF_NAME):
        throttle.failed("ann", f"10.0.{n}.1")
    assert throttle.wait("ann", "10.9.9.9") > 0
    assert throttle.wait("vic", "10.9.9.9") == 0


def test_addresses_of_one_ipv6_network_are_one(throttle):
    for n in range(FREE_OF_ADDRESS):
        throttle.failed(f"name{n}", f"2001:db8::{n:x}")
    assert throttle.wait("another", "2001:db8::ffff:1") > 0
    assert throttle.wait("another", "2001:db8:0:1::1") == 0


def test_success_forgives_the_name_and_not_the_address(throttle):
    for n in range(FREE_OF_ADDRESS):
        throttle.failed(f"name{n}", "10.0.0.1")
    fail(throttle, 1)
    throttle.passed("ann", "10.0.0.1")
    assert throttle.wait("ann", "10.0.0.1") > 0
    assert throttle.wait("ann", "10.0.0.2") == 0


def test_own_account_is_no_way_to_guess_at_others_for_ever(throttle):
    waited = 0
    for n in range(FREE_OF_ADDRESS + 5):
        waited = throttle.wait(f"name{n}", "10.0.0.1")
        throttle.failed(f"name{n}", "10.0.0.1")
        throttle.failed("own", "10.0.0.1")
        throttle.passed("own", "10.0.0.1")
    assert waited > 0


def test_failures_are_forgotten_after_an_hour(throttle, clock):
    fail(throttle, FREE_TOGETHER + 3)
    clock.now += FORGET_S
    assert throttle.wait("ann", "10.0.0.1") == 0
    fail(throttle, 1)
    assert throttle.wait("ann", "10.0.0.1") == 0


def test_memory_is_bounded(throttle, monkeypatch):
    monkeypatch.setattr(module, "MANY", 100)
    for n in range(500):
        throttle.failed(f"name{n}", f"10.0.{n % 250}.1")
    assert len(throttle._failures) <= 100


def test_odd_addresses_are_addresses_too(throttle):
    fail(throttle, FREE_TOGETHER, address="")
    assert throttle.wait("ann", "") > 0
