"""What this machine offers a policy: the answers of the self-test on which enforcement depends."""

from __future__ import annotations

from collectors.interface import CollectorError, Source
from collectors.sources import AUTO, choose, named
from lictor.probes import bpf
from lictor.probes.check import FAIL, OK, Check
from pipeline.policy.targets.interface import Host, Told

_NEEDED = (bpf.kernel_types, bpf.system_call, bpf.ring_buffer, bpf.raw_tracepoint)


def _chosen() -> Source | None:
    """The source that a run would get."""
    try:
        return choose().source
    except CollectorError:
        return None


def this_host(source: str = AUTO) -> tuple[Host, list[Check]]:
    """What is there under a source, and the checks that say what is missing; raises ``CollectorError`` for an unknown one.

    A source that is named is taken as if it could be used here: the question is what it would do.
    """
    chosen = _chosen() if source == AUTO else named(source)
    if chosen is not None and not chosen.inline:
        return Host(sensor=False, network_hooks=False, told=Told(chosen.name, chosen.operations, chosen.acts)), []
    checks = [probe() for probe in _NEEDED]
    sensor = all(check.state != FAIL for check in checks)
    network = bpf.cgroup_connect()
    missing = [check for check in (*checks, network) if check.state != OK]
    return Host(sensor=sensor, network_hooks=sensor and network.state == OK), missing
