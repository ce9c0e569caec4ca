"""Where a policy is carried out: the places of enforcement, earliest first.

A place joins by a file of its own and a line in ``available``; the language does not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.targets.sensor import Sensor
from pipeline.policy.targets.userspace import UserSpace

if TYPE_CHECKING:
    from pipeline.policy.targets.interface import Host, Target


def available(host: Host) -> list[Target]:
    """The targets of a host in the order in which they see an event."""
    return [
        *([Sensor(network=host.network_hooks)] if host.sensor else []),
        UserSpace(watched=host.sensor, told=host.told),
    ]
