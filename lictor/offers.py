"""What this machine offers a policy: the answers of the self-test on which enforcement depends."""

from __future__ import annotations

from lictor.probes import bpf
from lictor.probes.check import FAIL, OK, Check
from pipeline.policy.targets.interface import Host

_NEEDED = (bpf.kernel_types, bpf.system_call, bpf.ring_buffer, bpf.raw_tracepoint)


def this_host() -> tuple[Host, list[Check]]:
    """What is there, and the checks that say what is missing."""
    checks = [probe() for probe in _NEEDED]
    sensor = all(check.state != FAIL for check in checks)
    network = bpf.cgroup_connect()
    missing = [check for check in (*checks, network) if check.state != OK]
    return Host(sensor=sensor, network_hooks=sensor and network.state == OK), missing
