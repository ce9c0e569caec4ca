"""Quantities as people write them in a policy: durations, sizes, rates, days.

Each takes the text (or what was made of it before) and raises with a text for the person who wrote it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from pipeline.policy.words import wrong

NS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
LONGEST_NS = 30 * NS["d"]
"""A sequence that waits longer than this is a question for the lake."""

LARGEST = 2**63 - 1
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_POWERS = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_RATE = re.compile(r"([0-9]+)/([0-9]*)(ms|s|m|h|d)")
_SIZE = re.compile(r"(>=|<=|>|<) ?([0-9]+(?:\.[0-9]+)?) ?(?:([kKMGT])(i?))?B?")


def duration(value: Any) -> int:
    """``500ms``, ``60s``, ``1.5h`` in nanoseconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _DURATION.fullmatch(str(value))
    if not found:
        raise wrong(f"'{value}' is no duration: write a number and ms, s, m, h or d, such as 60s")
    return _bounded(round(float(found[1]) * NS[found[2]]), str(value))


def waiting_time(nanoseconds: int) -> int:
    """A duration that a run may stand still for: a person must have a chance, and nothing may stand for ever."""
    if not NS["s"] <= nanoseconds <= NS["d"]:
        raise wrong("a run is held for 1s at least and 24h at most")
    return nanoseconds


def rate(value: Any) -> tuple[int, int]:
    """``100/60s`` as (100, nanoseconds)."""
    if isinstance(value, tuple):
        return value
    found = _RATE.fullmatch(str(value))
    if not found or not 1 <= int(found[1]) <= 10_000:
        raise wrong(f"'{value}' is no rate: write a number up to 10000 and a time, such as 100/60s or 5/s")
    return int(found[1]), _bounded(int(found[2] or 1) * NS[found[3]], str(value))


def size(value: Any) -> tuple[int, int]:
    """``>=10MB``, ``<1KiB`` as the first and last number of bytes that are meant."""
    if isinstance(value, tuple):
        return value
    found = _SIZE.fullmatch(str(value))
    if not found:
        raise wrong(f"'{value}' is no size: write >=, >, <= or <, a number and B, kB, MB, GB, KiB, MiB or GiB")
    base = 1024 if found[4] else 1000
    number = round(float(found[2]) * base ** _POWERS[(found[3] or "").replace("K", "k")])
    low, high = {">=": (number, LARGEST), ">": (number + 1, LARGEST), "<=": (0, number), "<": (0, number - 1)}[found[1]]
    if low > LARGEST or high < 0:
        raise wrong(f"'{value}' is no size that anything can have")
    return low, min(high, LARGEST)


def day_or_time(value: str) -> str:
    """A day or a time, unchanged; raises where it is none."""
    try:
        moment_ns(value)
    except ValueError:
        raise wrong(f"'{value}' is no day or time: write 2027-01-31 or 2027-01-31T18:00:00Z") from None
    return value


def moment_ns(value: str) -> int:
    """Nanoseconds since 1970 of a day (its beginning in UTC) or an RFC 3339 time, at most 2**63-1; raises ``ValueError``."""
    found = dt.datetime.fromisoformat(value)
    if found.tzinfo is None:
        if len(value) > len("2027-01-31"):
            raise ValueError("a time needs its zone")
        found = found.replace(tzinfo=dt.UTC)
    return min((found - _EPOCH) // dt.timedelta(microseconds=1) * 1000, LARGEST)


def _bounded(nanoseconds: int, text: str) -> int:
    if not 0 < nanoseconds <= LONGEST_NS:
        raise wrong(f"'{text}' must be more than nothing and at most 30d")
    return nanoseconds
