"""The real MXC runner as a judge, and random configurations to put before it.

``lxc-exec --dry-run`` answers in milliseconds. It refuses a configuration with "Request error"; any other failure is
about the machine (no backend, no privilege, a missing flag) and no refusal. Only where the configuration names LXC,
which is judged without any program, or bubblewrap, does "validation failed" say something about the configuration.
"""

from __future__ import annotations

import base64
import copy
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pipeline.policy.dialects.mxc.fields import CLOSED
from tests.npm import npm_package

RUNNERS = ("0.8.0", "1.0.1")
"""The last that reads 0.6 to 0.8 as they were written, and the newest."""


@cache
def runner(version):
    """Path of the program of one published version."""
    program = npm_package("@microsoft/mxc-sdk", version) / "bin" / "x64" / "lxc-exec"
    program.chmod(0o755)
    return str(program)


def answer(text, version):
    """Exit status and output of a dry run."""
    given = base64.b64encode(text.encode()).decode()
    command = [runner(version), "--dry-run", "--debug", "--config-base64", given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def accepts(text, version=None):
    """Whether the runner takes the configuration; ``None`` where the machine keeps it from telling."""
    data = _data(text)
    status, said = answer(text, version or _version(data))
    if status == 0:
        return True
    if status == 1:
        return "Request error" not in said
    assert status == 255, said
    named = data.get("containment") if isinstance(data, dict) else None
    if named == "lxc":
        return "builtinTestServer" in text
    return None if named == "bubblewrap" else True


def many(texts):
    """Answers for several configurations at once."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(accepts, texts))


def can_run_bubblewrap():
    """Whether sandboxes can be started here."""
    if shutil.which("bwrap") is None:
        return False
    command = ["bwrap", "--ro-bind", "/", "/", "--unshare-user", "--unshare-pid", "--unshare-net", "/bin/true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _data(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def _version(data):
    version = data.get("version") if isinstance(data, dict) else None
    return RUNNERS[isinstance(version, str) and version in CLOSED]


VERSIONS = [
    "0.6.0-alpha",
    "0.7.0-alpha",
    "0.8.0-alpha",
    "0.9.0-alpha",
    "1.0.0",
    "1.1.0-alpha",
    "0.5.0",
    "0.9.3+b",
    "",
    None,
]
CONTAINMENTS = [
    "process",
    "lxc",
    "bubblewrap",
    "processcontainer",
    "seatbelt",
    "wslc",
    "isolation_session",
    "vm",
    "appcontainer",
]
CIDRS = ["10.0.0.0/8", "0.0.0.0/0", "::/0", "192.0.2.7", "2001:db8::/32", "10.1.0.0/16"]
URLS = [
    "http://127.0.0.1:8080",
    "http://localhost:3128",
    "http://proxy.example:8080",
    "http://u:p@10.0.0.1:3128",
    "http://[::1]:9",
]
PATHS = ["/a", "/a/b", "/a/b/c", "/usr", "C:\\x", "rel", "~/x", "/", "/a/../b", "/d/"]
HOSTS = ["example.com", "10.0.0.1", "10.0.0.0/8", "*.x.y", "::1", "localhost"]
ODD = [
    None,
    True,
    0,
    65536,
    -1,
    1.5,
    "",
    [],
    {},
    "x",
    " ",
    "a,b",
    "learningModeLogging",
    [""],
    ["a", None],
    {"allow": None},
    "10.0.0.1/8",
]
KEYS = ["version", "phase", "sandboxId", "containment", "process", "processContainer", "appContainer", "lxc", "filesystem",
        "network", "runtimeConfig", "ui", "seatbelt", "macos_sandbox", "experimental", "egress", "ingress", "default",
        "allow", "to", "ports", "endPort", "allowedHosts", "proxy", "localhost", "telemetry", "zzz", "commandLine", "env"]  # fmt: skip


def config(r, *, version=None):
    """A configuration that is often right."""
    version = version or r.choice(VERSIONS)
    made = {} if version is None else {"version": version}
    if r.random() < 0.8:
        made["containment"] = r.choice(CONTAINMENTS)
    made["process"] = {"commandLine": "ls"}
    if r.random() < 0.6:
        lists = ("readwritePaths", "readonlyPaths", "deniedPaths")
        made["filesystem"] = {name: r.choices(PATHS, k=r.randint(0, 3)) for name in lists if r.random() < 0.7}
    if r.random() < 0.8:
        made["network"] = _network(r, legacy=r.random() < (0.03 if version in CLOSED else 0.6))
    if r.random() < 0.15:
        made["runtimeConfig"] = {"networkProxy": r.choice(URLS)}
    if r.random() < 0.1:
        capability = r.choice(["internetClient", "a,b", "LearningModeLogging"])
        made[r.choice(["processContainer", "appContainer"])] = {"capabilities": [capability]}
    if r.random() < 0.1:
        made["lxc"] = {name: "a" for name in ("distribution", "release") if r.random() < 0.8}
    return made


def mutated(r, made):
    """The configuration with one to three parts changed, whatever comes out."""
    made = copy.deepcopy(made)
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        path = r.choice([p for p in _parts(made) if p] or [()])
        if not path:
            return made
        around = made
        for key in path[:-1]:
            around = around[key]
        _change(r, around, path[-1])
    return made


def _change(r, around, key):
    kind = r.randrange(6)
    if kind == 0:
        del around[key]
    elif kind == 1 and isinstance(around[key], dict):
        around[key][r.choice(KEYS)] = copy.deepcopy(r.choice(ODD))
    elif kind == 2 and isinstance(around, dict):
        around[r.choice([key.lower(), key.upper(), r.choice(KEYS)])] = around.pop(key)
    elif kind == 3 and isinstance(around[key], dict):
        around[key] = list(around[key].values())
    else:
        around[key] = copy.deepcopy(r.choice(ODD))


def _parts(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _parts(part, (*path, key))


def _network(r, *, legacy):
    return (
        _legacy(r)
        if legacy
        else {name: make(r) for name, make in (("egress", _egress), ("ingress", _ingress)) if r.random() < 0.7}
    )


def _legacy(r):
    made = {}
    if r.random() < 0.6:
        made["defaultPolicy"] = r.choice(["allow", "block"])
    if r.random() < 0.4:
        made["enforcementMode"] = r.choice(["capabilities", "firewall", "both"])
    if r.random() < 0.3:
        made["allowLocalNetwork"] = r.random() < 0.5
    for name in ("allowedHosts", "blockedHosts"):
        if r.random() < 0.4:
            made[name] = r.choices(HOSTS, k=r.randint(0, 2))
    if r.random() < 0.2:
        made["proxy"] = r.choice([{"url": r.choice(URLS)}, {"localhost": 8080}, {"builtinTestServer": True}, {}])
    return made


def _egress(r):
    made = {"default": r.choice(["allow", "deny"])} if r.random() < 0.6 else {}
    for name in ("allow", "deny"):
        if r.random() < 0.5:
            made[name] = [_rule(r) for _ in range(r.randint(0, 2))]
    return made


def _rule(r):
    made = {}
    if r.random() < 0.8:
        made["to"] = [_peer(r) for _ in range(r.randint(1, 2))]
    if r.random() < 0.5:
        made["ports"] = [_port(r)]
    return made


def _peer(r):
    holes = {"except": [r.choice(CIDRS)]} if r.random() < 0.2 else {}
    return {"cidr": r.choice(CIDRS), **holes}


def _port(r):
    made = {"protocol": r.choice(["tcp", "udp", "icmp", "any"])} if r.random() < 0.7 else {}
    if r.random() < 0.5:
        made["port"] = r.choice([80, 443])
        if r.random() < 0.3:
            made["endPort"] = r.choice([443, 8080, 1])
    return made


def _ingress(r):
    return {name: r.choice(["allow", "deny"]) for name in ("default", "hostLoopback") if r.random() < 0.5}
