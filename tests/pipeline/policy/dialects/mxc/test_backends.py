"""What the backends of Linux refuse: told by the newest runner in words, and by LXC also on a bare machine."""

from __future__ import annotations

import json
import re

import pytest

from pipeline.policy.dialects.mxc import backends as mxc_backends
from pipeline.policy.dialects.mxc import checks as mxc_checks
from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.source import PolicyError
from tests.pipeline.policy.dialects.mxc_judge import answer, can_run_bubblewrap

NEWEST = {"version": "1.0.0", "containment": "bubblewrap", "process": {"commandLine": "ls"}}
ABOUT_THE_MACHINE = re.compile(r"on PATH|slirp4netns|iptables|bwrap|install", re.IGNORECASE)


def peer(*cidrs):
    return {"network": {"egress": {"allow": [{"to": [{"cidr": cidrs[0], "except": list(cidrs[1:])}]}]}}}


def proxy(url):
    return {"runtimeConfig": {"networkProxy": url}}


CASES = [
    ({}, ""),
    ({"network": {"ingress": {"default": "allow"}}}, "ingress.default"),
    ({"network": {"ingress": {"hostLoopback": "allow"}}}, "ingress.hostLoopback"),
    (proxy("http://u:p@127.0.0.1:9"), "credentials"),
    (proxy("http://127.0.0.1:0"), "not 0"),
    (proxy("http://[::1]:9"), "IPv4 only"),
    (peer("::/0"), "mapped"),
    (peer("2001:db8::/32"), ""),
    (peer("0.0.0.0/0", *(f"10.{i}.0.1" for i in range(20))), "exceptions"),
]


@pytest.mark.parametrize(("extra", "reason"), CASES)
def test_the_newest_runner_gives_the_same_reason(extra, reason):
    text = json.dumps({**NEWEST, **extra})
    config = read_config(text, "x")
    mxc_checks.check(config)
    said = mxc_backends.refusal(config)
    assert bool(said) == bool(reason)
    assert reason in said
    status, told = answer(text, "1.0.1")
    why = told.partition("validation failed: ")[2]
    assert (status == 255 and bool(why) and not ABOUT_THE_MACHINE.search(why.split(". ")[0])) == bool(
        reason
    ) or can_run_bubblewrap() is False


@pytest.mark.parametrize(
    ("extra", "reason"), [(proxy("http://127.0.0.1:9"), "LXC"), ({"network": {"ingress": {"default": "allow"}}}, "")]
)
def test_lxc_is_judged_without_any_program(extra, reason):
    text = json.dumps({**NEWEST, "containment": "lxc", **extra})
    assert bool(mxc_backends.refusal(read_config(text, "x"))) == bool(reason)
    assert (answer(text, "1.0.1")[0] == 255) == bool(reason)


def test_only_a_named_backend_refuses():
    extra = {"network": {"ingress": {"default": "allow"}}}
    with pytest.raises(PolicyError, match="bubblewrap cannot"):
        mxc_backends.check(read_config(json.dumps({**NEWEST, **extra}), "x"))
    mxc_backends.check(read_config(json.dumps({**NEWEST, **extra, "containment": "process"}), "x"))


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ({"defaultPolicy": "allow"}, "allowLocalNetwork"),
        ({"defaultPolicy": "allow", "allowLocalNetwork": True}, ""),
        ({"defaultPolicy": "block", "allowLocalNetwork": True}, "allowLocalNetwork"),
        ({"allowedHosts": ["10.0.0.1"]}, "only with"),
        ({"allowedHosts": ["10.0.0.1/8"], "enforcementMode": "firewall"}, ""),
        ({"allowedHosts": ["a.example"], "enforcementMode": "firewall"}, "not names"),
        ({"allowedHosts": ["10.0.0.1/99"], "enforcementMode": "firewall"}, "prefix"),
        ({"blockedHosts": ["::/0"], "enforcementMode": "both"}, "mapped"),
        ({"defaultPolicy": "allow", "proxy": {"url": "http://10.0.2.9:9"}}, "10.0.2.0/24"),
    ],
)
def test_the_older_network_from_0_8_on_is_enforced_or_refused(network, reason):
    data = {**NEWEST, "version": "0.8.0-alpha", "network": network}
    said = mxc_backends.refusal(read_config(json.dumps(data), "x"))
    assert bool(said) == bool(reason)
    assert reason in said
    if can_run_bubblewrap() and reason:
        assert answer(json.dumps(data), "0.8.0")[0] == 255


def test_a_proxy_by_name_needs_the_hosts_file():
    network = {"defaultPolicy": "allow", "proxy": {"url": "http://p.example:9"}}
    for denied, refused in ((["/etc"], True), (["/etc/hosts"], True), (["/etc/host"], False)):
        data = {**NEWEST, "version": "0.8.0-alpha", "network": network, "filesystem": {"deniedPaths": denied}}
        assert bool(mxc_backends.refusal(read_config(json.dumps(data), "x"))) == refused
