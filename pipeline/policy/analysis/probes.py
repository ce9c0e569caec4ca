"""Questions that every policy can be asked: the secrets, footholds and ways out that an attacker would try.

The files are those of the built-in labels, one probe for each of their patterns; the rest is a short table. A
weight says how much an open one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.policy import globs
from pipeline.policy.analysis.samples import path_of
from pipeline.policy.context import resolver
from pipeline.policy.labels import BUILT_IN
from pipeline.policy.model import TestEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.context import RunContext

READER, WRITER, CLIENT = "/usr/bin/cat", "/usr/bin/tee", "/usr/bin/curl"
"""Programs that act in the probes: ordinary ones, of the kind that no exception is made for."""

OUTSIDE, INSIDE = "203.0.113.7", "10.1.2.3"


@dataclass(frozen=True)
class Probe:
    """One question; ``kind`` is that of its reason in a score, ``name`` says what would be open."""

    kind: str
    name: str
    event: TestEvent
    weight: float


WEIGHTS = {
    "credential": 25.0, "persistence": 15.0, "guard": 10.0, "agent-config": 10.0, "egress": 25.0, "exec": 10.0, "kernel": 5.0,
}  # fmt: skip
"""Weight of each kind; its probes share it, so that the score does not depend on how many patterns a label has."""

VERBS = {
    "credential": "can be read", "persistence": "can be written", "guard": "can be written",
    "agent-config": "can be written", "egress": "can be reached", "exec": "can be started", "kernel": "can be set up",
}  # fmt: skip


def _connect(name: str, ip: str, port: int, exe: str = CLIENT) -> tuple[str, TestEvent]:
    return name, TestEvent(on="net.connect", dst_ip=ip, dst_port=port, exe=exe)


_EGRESS = (
    _connect("the web", OUTSIDE, 443),
    _connect("the web without encryption", OUTSIDE, 80),
    _connect("any port outside", OUTSIDE, 31337),
    _connect("any port outside, over IPv6", "2001:db8::7", 31337),
    _connect("ssh outside", OUTSIDE, 22),
    _connect("mail servers outside", OUTSIDE, 25),
    _connect("mail submission outside", OUTSIDE, 587),
    _connect("name servers outside, over TCP", OUTSIDE, 53),
    ("name servers outside", TestEvent(on="net.send", dst_ip=OUTSIDE, dst_port=53, exe=CLIENT)),
    ("any UDP port outside", TestEvent(on="net.send", dst_ip=OUTSIDE, dst_port=31337, exe=CLIENT)),
    _connect("the cloud's metadata service", "169.254.169.254", 80),
    _connect("the cloud's metadata service, over IPv6", "fd00:ec2::254", 80),
    _connect("Alibaba's metadata service", "100.100.100.200", 80),
    _connect("the private network", INSIDE, 443),
    _connect("any port of the private network", "192.168.1.1", 8080),
    _connect("file shares of the private network", INSIDE, 445),
    _connect("ssh in the private network", INSIDE, 22),
    _connect("servers on this machine", "127.0.0.1", 5432),
)

_PROGRAMS = (
    ("a shell", "/usr/bin/bash"), ("sh", "/usr/bin/sh"), ("curl", "/usr/bin/curl"), ("wget", "/usr/bin/wget"),
    ("netcat", "/usr/bin/nc"), ("ssh", "/usr/bin/ssh"), ("sudo", "/usr/bin/sudo"), ("su", "/usr/bin/su"),
    ("docker", "/usr/bin/docker"), ("podman", "/usr/bin/podman"), ("kubectl", "/usr/bin/kubectl"),
    ("crontab", "/usr/bin/crontab"), ("systemctl", "/usr/bin/systemctl"), ("gdb", "/usr/bin/gdb"),
    ("python", "/usr/bin/python3"), ("a program that somebody has put somewhere", "/srv/unheard-of"),
)  # fmt: skip


def probes(context: RunContext) -> tuple[Probe, ...]:
    """All probes, for the home folder and workspace of a context."""
    found = list(_questions(context))
    share = {kind: WEIGHTS[kind] / sum(k == kind for k, _, _ in found) for kind in WEIGHTS}
    return tuple(Probe(kind, name, event, share[kind]) for kind, name, event in found)


def _questions(context: RunContext) -> Iterator[tuple[str, str, TestEvent]]:
    for path in label_paths("credential", context):
        yield "credential", path, TestEvent(on="file.read", path=path, exe=READER)
    for label in ("persistence", "guard", "agent-config"):
        for path in label_paths(label, context):
            yield label, path, TestEvent(on="file.write", path=path, exe=WRITER)
    for name, event in _EGRESS:
        yield "egress", name, event
    for name, path in _PROGRAMS:
        yield "exec", name, TestEvent(on="exec", path=path)
    yield "kernel", "io_uring", TestEvent(on="kernel.io_uring", exe=READER)


def label_paths(label: str, context: RunContext) -> tuple[str, ...]:
    """One path for each pattern of a built-in label."""
    lookup = resolver(context)
    patterns = (glob for text in BUILT_IN[label] for glob in globs.parse(globs.fill(text, lookup)))
    return tuple(dict.fromkeys(path for glob in patterns if (path := path_of(glob)) is not None))
