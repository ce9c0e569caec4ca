"""Who runs what, where and when in the sample lake: a plan that a seed makes, always the same.

Runs of one host follow each other, so that sequence numbers of a host are in the order of time as a sensor gives them out.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
BLIND = timedelta(hours=3)
"""How long before its second boot a host was not watched."""
_GOING_ON = timedelta(hours=1)
_SATURDAY, _ON_WEEKENDS, _AUDITED = 5, 0.3, 0.15


@dataclass(frozen=True)
class Host:
    """A machine: ``users`` with their numbers; ``silent`` is for how long before now nothing was heard of it."""

    name: str
    users: tuple[tuple[str, int], ...]
    silent: timedelta = timedelta()
    reboots: bool = False


HOSTS: tuple[Host, ...] = (
    Host("dev-anna", (("anna", 1000),)),
    Host("dev-omar", (("omar", 1000), ("mei", 1001)), reboots=True),
    Host("build-01", (("ci", 998),)),
    Host("build-02", (("ci", 998), ("root", 0)), silent=timedelta(days=2, hours=5)),
    Host("gpu-3.lab", (("mei", 1001), ("li wei", 1002))),
)

AGENTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("claude-code", "2.0.55", ("claude-code", "claude-code", "careful", "")),
    ("codex", "0.63.0", ("codex", "codex", "observe")),
    ("gemini-cli", "0.18.4", ("gemini-cli", "observe", "")),
    ("opencode", "1.0.110", ("opencode", "careful")),
    ("scripted", "", ("sample",)),
    ("shadow-agent", "", ("",)),
)
"""Product, version, and the policies that its runs have in turn; none is an unmanaged run."""

SAMPLES = ("coding", "coding", "coding", "build", "attack", "attack")


@dataclass(frozen=True)
class Boot:
    """One boot of a host."""

    id: str
    since: datetime


@dataclass(frozen=True)
class Run:
    """One run: a recorded session (``sample``) moved to a host, a user, an agent and a time.

    ``policy`` is the name of a policy, ``sample`` for the session's own, or empty; ``stretch`` says how much longer it takes than
    the recorded one, since no model had to think there. ``number`` counts the runs.
    """

    number: int
    id: str
    sample: str
    host: Host
    boot: Boot
    user: str
    uid: int
    agent: str
    version: str
    policy: str
    mode: str
    begins: datetime
    stretch: int
    goes_on: bool

    @property
    def home(self) -> str:
        """Home folder of its user."""
        return "/root" if self.user == "root" else f"/home/{self.user}"

    @property
    def workspace(self) -> str:
        """Folder that it works in."""
        return f"{self.home}/work/{('words', 'shop', 'billing', 'site')[self.number % 4]}"


DURATION = {"coding": 0.37, "build": 1.51, "attack": 0.36}
"""Seconds that the recorded sessions took, about."""


def boots(host: Host, now: datetime, days: int, rng: random.Random) -> tuple[Boot, ...]:
    """Boots of a host in the order of time."""
    first = Boot(_uuid(rng), now - days * DAY - timedelta(hours=rng.uniform(2, 30)))
    return (first, Boot(_uuid(rng), now - days * DAY / 2 + timedelta(hours=3))) if host.reboots else (first,)


def plan(now: datetime, days: int, scale: int, seed: int) -> Iterator[Run]:
    """All runs, of each host in the order of time; the last one of most hosts goes on."""
    rng, number = random.Random(seed), 0  # noqa: S311 - a sample, no secret
    for host in HOSTS:
        all_boots = boots(host, now, days, rng)
        for begins, length, goes_on in _slots(
            now - days * DAY, now - host.silent, days * scale, rng, ends=not host.silent
        ):
            if any(b.since - 2 * BLIND <= begins < b.since for b in all_boots[1:]):
                continue
            boot = max((b for b in all_boots if b.since <= begins), key=lambda b: b.since)
            yield _run(number, host, boot, begins, length, goes_on=goes_on, rng=rng)
            number += 1


def _slots(
    first: datetime, last: datetime, wanted: int, rng: random.Random, *, ends: bool
) -> Iterator[tuple[datetime, timedelta, bool]]:
    """Begin and length of runs, and whether one goes on: on working days mostly, none before the one before has ended."""
    gap = (last - first) / wanted
    free = first
    for i in range(wanted):
        begins = max(first + i * gap + gap * rng.uniform(0, 0.6), free)
        length = min(timedelta(minutes=rng.uniform(2, 25)), gap * 0.35)
        if begins + length >= last - _GOING_ON:
            break
        free = begins + length + timedelta(seconds=30)
        if begins.weekday() < _SATURDAY or rng.random() < _ON_WEEKENDS:
            yield begins, length, False
    if ends:
        length = _GOING_ON * rng.uniform(0.5, 1)
        yield last - length * 0.7, length, True


def _run(
    number: int, host: Host, boot: Boot, begins: datetime, length: timedelta, *, goes_on: bool, rng: random.Random
) -> Run:
    agent, version, policies = AGENTS[rng.choices(range(len(AGENTS)), (8, 5, 4, 3, 3, 1))[0]]
    user, uid = rng.choice(host.users)
    sample = rng.choice(SAMPLES)
    policy = rng.choice(policies)
    if goes_on and host.reboots:  # one run must wait for a person
        agent, version, policy = "claude-code", AGENTS[0][1], "careful"
    mode = (
        "none"
        if not policy
        else "audit"
        if policy == "observe" or (not goes_on and rng.random() < _AUDITED)
        else "enforce"
    )
    begins = begins.replace(microsecond=number % 1000 * 7).astimezone(UTC)
    stretch = max(1, int(length.total_seconds() / DURATION[sample]))
    name = f"{begins:%Y%m%d-%H%M%S}-{rng.getrandbits(32):08x}"
    return Run(
        number, name, sample, host, boot, user, uid, agent, version, policy, mode, begins, stretch, goes_on
    )  # fmt: skip


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
