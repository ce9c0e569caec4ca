"""Quantities against the standard library's own arithmetic: timedelta, Decimal, the calendar."""

from __future__ import annotations

import datetime as dt
import operator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from pipeline.policy.quantities import LARGEST, day_or_time, duration, moment_ns, rate, size, waiting_time

UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
POWERS = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
          "KiB": 2**10, "kiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "M": 10**6, "Mi": 2**20}  # fmt: skip
COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


def nanoseconds(number, unit):
    return dt.timedelta(**{UNITS[unit]: number}) // dt.timedelta(microseconds=1) * 1000


@given(st.integers(1, 30), st.sampled_from(sorted(UNITS)))
def test_durations_are_what_timedelta_says(number, unit):
    assert duration(f"{number}{unit}") == nanoseconds(number, unit)
    assert duration(duration(f"{number}.5{unit}" if number < 30 else "30d")) == (
        nanoseconds(number + 0.5, unit) if number < 30 else nanoseconds(30, "d")
    )


@pytest.mark.parametrize(
    "value", ["", "60", "s", "-1s", "1 s", "1.s", ".5s", "1w", "1S", "1s\n", "١s", True, None, 1.5, ["1s"]]
)
def test_what_is_no_duration(value):
    with pytest.raises(PydanticCustomError, match="is no duration"):
        duration(value)


@pytest.mark.parametrize("value", ["0s", "0.0d", "31d", "0.0000001ms", "999999999999999999999d"])
def test_durations_are_more_than_nothing_and_at_most_a_month(value):
    with pytest.raises(PydanticCustomError, match="at most 30d"):
        duration(value)


@pytest.mark.parametrize("text", ["1s", "1000ms", "10m", "24h", "1d"])
def test_a_run_may_be_held_for_a_second_up_to_a_day(text):
    assert waiting_time(duration(text)) == duration(text)


@pytest.mark.parametrize("text", ["999ms", "86401s", "2d"])
def test_nobody_is_held_for_ever_or_too_short_to_be_asked_about(text):
    with pytest.raises(PydanticCustomError, match="for 1s at least and 24h at most"):
        waiting_time(duration(text))


@given(st.integers(1, 10_000), st.integers(1, 60), st.sampled_from(["ms", "s", "m"]))
def test_rates(count, number, unit):
    assert (
        rate(f"{count}/{number}{unit}") == rate(rate(f"{count}/{number}{unit}")) == (count, nanoseconds(number, unit))
    )
    assert rate(f"{count}/{unit}") == (count, nanoseconds(1, unit))


@pytest.mark.parametrize(
    "value", ["", "5", "5/", "/s", "0/s", "10001/s", "5/0s", "5/1.5s", "1.5/s", "5 / s", "5/31d", None, 5]
)
def test_what_is_no_rate(value):
    with pytest.raises(PydanticCustomError):
        rate(value)


@given(
    st.sampled_from(sorted(COMPARE)), st.integers(1, 5_000), st.integers(0, 99), st.sampled_from(sorted(POWERS)),
    st.sampled_from(["", " "]), st.integers(0, 10**8),
)  # fmt: skip
def test_a_size_holds_what_the_comparison_holds(sign, whole, part, unit, space, number):
    """Whole numbers of bytes; a border that is no whole number is rounded, so numbers right beside it are not asked."""
    written = Decimal(f"{whole}.{part:02}")
    low, high = size(f"{sign}{space}{written}{space}{unit}")
    border = written * POWERS[unit]
    for asked in (number, int(border) - 2, int(border) + 2, *([int(border)] if border == int(border) else [])):
        if asked >= 0 and (abs(asked - border) >= 1 or asked == border):
            assert (low <= asked <= high) == COMPARE[sign](asked, border)


@pytest.mark.parametrize(
    "value", ["", "10MB", "=10", ">= 10 QB", ">=", ">=-1", "<0B", ">=1e3", "> 10000000TiB", ">=10mB", None, 5, ["<1B"]]
)
def test_what_is_no_size(value):
    with pytest.raises(PydanticCustomError):
        size(value)


def test_borders_of_sizes_fit_the_column():
    assert size(">=0") == (0, LARGEST)
    assert size("<1TiB") == (0, 2**40 - 1)
    assert size("<=99999999TB") == (0, LARGEST)
    assert size((1, 2)) == (1, 2)


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - hypothesis wants them without a zone
def test_moments_are_what_the_calendar_says(naive, minutes):
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    expected = (naive.replace(tzinfo=zone) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    assert moment_ns(naive.replace(tzinfo=zone).isoformat()) == expected * 1000
    assert moment_ns(naive.date().isoformat()) == (naive.date() - dt.date(1970, 1, 1)).days * 86_400 * 10**9


def test_what_no_column_could_hold_is_never():
    assert moment_ns("2262-04-12") == moment_ns("9999-12-31T23:59:59-14:00") == LARGEST
    assert moment_ns("0001-01-01T00:00:00+14:00") < 0


def test_zulu_time_is_utc():
    assert day_or_time("2027-01-31T18:00:00Z") == "2027-01-31T18:00:00Z"
    assert moment_ns("2027-01-31T18:00:00Z") == moment_ns("2027-01-31") + 18 * 3600 * 10**9


@pytest.mark.parametrize(
    "value", ["", "tomorrow", "2027-02-30", "2027-13-01", "2027-01-31T18:00:00", "2027-01-31T25:00Z"]
)
def test_what_is_no_moment(value):
    with pytest.raises(PydanticCustomError, match="is no day or time"):
        day_or_time(value)
