"""The MXC dialect as a whole: the corpus before the real runner, verdicts against a plain reading of MXC's rules, and
against what the runner's own sandbox lets a program do.
"""

from __future__ import annotations

import csv
import ipaddress
import json
import os
import random
import subprocess
import tempfile

import pytest

from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.dialects.mxc.reader import DIALECT
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml
from tests.corpus import ROOT, corpus
from tests.pipeline.policy.dialects import mxc_judge

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
FOLDER = ROOT / "policies" / "mxc"
MANIFEST = FOLDER / "MANIFEST.csv"
FILES = [row["file"] for row in csv.DictReader(MANIFEST.read_text().splitlines())] if MANIFEST.exists() else []


def decider(data, accepted=frozenset()):
    document = DIALECT.read(json.dumps(data), "c.json").document(accepted)
    return Decider(compile_policies([load_policy(to_yaml(document), "c.yaml")], CONTEXT, mode="audit"))


def allowed(judge, **event):
    return judge.decide(facts_of(TestEvent(**event), judge, CONTEXT)).verdict not in STOPPING


def taken_here(text):
    try:
        DIALECT.read(text, "c.json")
    except PolicyError:
        return False
    return True


def test_the_corpus_is_there():
    corpus("policies", "mxc", "MANIFEST.csv")
    assert len(FILES) == 176


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_corpus_is_taken_where_the_runner_takes_it(name):
    text = (FOLDER / name).read_text()
    theirs = mxc_judge.accepts(text)
    if theirs is None:  # bubblewrap is named, and what it lacks here is not told: its own name for the file counts
        theirs = "rejected" not in name
    assert taken_here(text) == theirs


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_corpus_becomes_a_policy_with_a_whole_report(name):
    text = (FOLDER / name).read_text()
    assert DIALECT.recognises(text, name)
    if not taken_here(text):
        return
    imported = DIALECT.read(text, name)
    names = frozenset(item.name for item in imported.items)
    assert len(names) == len(imported.items)
    for item in imported.items:
        assert item.outcome in OUTCOMES
        assert item.why or item.outcome == "exact"
        assert 1 <= item.line <= text.count("\n") + 1
    for accepted in (frozenset(), names):
        compile_policies([load_policy(to_yaml(imported.document(accepted)), name)], CONTEXT, mode="audit")


def test_every_value_of_a_file_has_its_item():
    data = json.loads(
        (corpus("policies", "mxc") / "contract-fixtures/v0_6_0_alpha/fixtures/valid/complete.json").read_text()
    )
    pointers = {item.pointer for item in DIALECT.read(json.dumps(data), "c").items}
    missing = [p for p in leaves(data) if not any(p == q or p.startswith(q + "/") for q in pointers if q)]
    assert not missing


def leaves(value, path=""):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for key, part in inner for leaf in leaves(part, f"{path}/{key}")]
    return found or [path]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "lictor: 1",
        '{"network": {"allowedDomains": []}, "filesystem": {"denyRead": []}}',
        '{"permissions": {"deny": []}}',
    ],
)
def test_other_files_are_not_claimed(text):
    assert not DIALECT.recognises(text, "x.json")


def test_the_name_is_the_containers_where_it_is_one():
    base = {"process": {"commandLine": "ls"}}
    assert DIALECT.read(json.dumps({**base, "containerId": "a-1"}), "c").head["name"] == "a-1"
    assert DIALECT.read(json.dumps({**base, "containerId": "a b"}), "c").head["name"] == "mxc"


def test_what_only_bubblewrap_would_refuse_is_a_note():
    data = {"version": "0.8.0-alpha", "process": {"commandLine": "ls"}, "network": {"ingress": {"default": "allow"}}}
    assert any("would not start" in note for note in DIALECT.read(json.dumps(data), "c").notes)


# A plain reading of what MXC's documents say, independent of the code under test.


def step(data, path):
    """0 nothing, 1 reading, 2 everything: the longest entry that holds the path, of equal ones the strictest."""
    best = (-1, 0)
    for name, value, rank in (("readwritePaths", 2, 0), ("readonlyPaths", 1, 1), ("deniedPaths", 0, 2)):
        for entry in data.get("filesystem", {}).get(name, ()):
            plain = "/" + "/".join(part for part in entry.split("/") if part)
            below = plain in ("/", path) or path.startswith(plain + "/")
            if entry.startswith("/") and ".." not in entry and below:
                best = max(best, (len(plain), rank, value), key=lambda b: b[:2])
    return best[2] if len(best) == 3 else 0


def reaches(data, ip, port, protocol):
    """Whether a sandbox can connect; loopback is its own business and left out."""
    network = data.get("network", {})
    if "runtimeConfig" in data or "proxy" in network:
        return False
    if "egress" in network or "ingress" in network or not network:
        egress = network.get("egress", {})
        if any(hits(rule, ip, port, protocol) for rule in egress.get("deny", ())):
            return False
        return egress.get("default") == "allow" or any(
            hits(rule, ip, port, protocol) for rule in egress.get("allow", ())
        )
    if any(is_in(ip, host) for host in network.get("blockedHosts", ())):
        return False
    return network.get("defaultPolicy") == "allow" or any(is_in(ip, host) for host in network.get("allowedHosts", ()))


def hits(rule, ip, port, protocol):
    peers = rule.get("to")
    if peers is not None and not any(
        is_in(ip, p["cidr"]) and not any(is_in(ip, e) for e in p.get("except", ())) for p in peers
    ):
        return False
    ports = rule.get("ports")
    return ports is None or any(
        p.get("protocol", "any") in ("any", protocol)
        and p.get("port", port) <= port <= p.get("endPort", p.get("port", port))
        for p in ports
    )


def is_in(ip, text):
    try:
        net = ipaddress.ip_network(text)
    except ValueError:
        return False
    return ipaddress.ip_address(ip) in net


PATHS = [
    "/a",
    "/a/x",
    "/a/b",
    "/a/b/y",
    "/a/b/c",
    "/a/b/c/z",
    "/d/f",
    "/opt/tool",
    "/etc/shadow",
    "/home/u/.ssh/id",
    "/b/x",
]
PEERS = ["10.0.0.1", "10.1.2.3", "192.0.2.7", "8.8.8.8", "2001:db8::1", "2606::1"]


def taken(seed, count=120):
    """Random configurations that are accepted."""
    r = random.Random(seed)
    for _ in range(count):
        data = mxc_judge.config(r)
        if taken_here(json.dumps(data)):
            yield data


@pytest.mark.parametrize("seed", range(3))
def test_what_mxc_denies_is_denied_and_exact_paths_are_allowed(seed):
    seen = 0
    for data in taken(seed):
        seen += 1
        judge = decider(data)
        for path in PATHS:
            have = step(data, path)
            reading = allowed(judge, on="file.read", path=path)
            writing = [
                allowed(judge, on=op, path=path) for op in ("file.write", "file.create", "file.delete", "file.chmod")
            ]
            dark = any(
                not entry.startswith("/") or ".." in entry
                for entry in data.get("filesystem", {}).get("deniedPaths", ())
            )
            assert reading <= (have > 0), (path, data)
            assert max(writing) <= (have > 1), (path, data)
            assert dark or (reading == (have > 0) and min(writing) == (have > 1)), (path, data)
        for ip in PEERS:
            for port, protocol in ((443, "tcp"), (80, "udp"), (9000, "tcp")):
                found = allowed(judge, on="net.connect", dst_ip=ip, dst_port=port, protocol=protocol)
                assert found <= reaches(data, ip, port, protocol), (ip, port, protocol, data)
    assert seen > 20


@pytest.mark.parametrize("seed", range(3))
def test_exact_network_rules_allow_what_mxc_allows(seed):
    for data in taken(seed + 10):
        outcomes = {
            item.outcome for item in DIALECT.read(json.dumps(data), "c").items if item.name.startswith("network.")
        }
        named = any(
            "example" in host
            for name in ("allowedHosts", "blockedHosts")
            for host in data.get("network", {}).get(name, ())
        )
        if outcomes <= {"exact", "narrower", "setting"} and not named and "proxy" not in data.get("network", {}):
            judge = decider(data)
            for ip in PEERS:
                found = allowed(judge, on="net.connect", dst_ip=ip, dst_port=443, protocol="tcp")
                assert found == reaches(data, ip, 443, "tcp"), (ip, data)


def test_this_machines_loopback_opens_by_host_loopback_alone():
    base = {"version": "1.0.0", "containment": "lxc", "process": {"commandLine": "ls"}}
    for action in ("allow", "deny"):
        for default in ("allow", "deny"):
            network = {"egress": {"default": default}, "ingress": {"hostLoopback": action}}
            judge = decider({**base, "network": network})
            assert allowed(judge, on="net.connect", dst_ip="127.0.0.1", dst_port=1, protocol="tcp") == (
                action == "allow"
            )
            assert allowed(judge, on="net.listen", src_ip="127.0.0.1", src_port=1, protocol="tcp") == (
                action == "allow"
            )
            assert not allowed(judge, on="net.listen", src_ip="10.0.0.9", src_port=1, protocol="tcp")


def test_a_proxy_is_the_only_way_out():
    data = {
        "version": "1.0.0",
        "process": {"commandLine": "ls"},
        "runtimeConfig": {"networkProxy": "http://127.0.0.1:8080"},
    }
    judge = decider(data)
    assert allowed(judge, on="net.connect", dst_ip="127.0.0.1", dst_port=8080, protocol="tcp")
    for ip, port in (("127.0.0.1", 8081), ("127.0.0.2", 8080), ("8.8.8.8", 8080)):
        assert not allowed(judge, on="net.connect", dst_ip=ip, dst_port=port, protocol="tcp")


def test_unix_sockets_are_reached_by_listed_paths_alone():
    data = {"process": {"commandLine": "ls"}, "filesystem": {"readwritePaths": ["/w"], "deniedPaths": ["/w/no"]}}
    judge = decider(data)
    assert allowed(judge, on="net.connect", path="/w/s", protocol="unix")
    for path in ("/run/docker.sock", "/w/no/s"):
        assert not allowed(judge, on="net.connect", path=path, protocol="unix")
    assert not allowed(judge, on="net.connect", protocol="unix")


TRY = """cd {folder}; for p in {places}; do
r=no; cat $p/f >/dev/null 2>&1 && r=yes; ( echo new >$p/new ) 2>/dev/null; echo $p $r; done"""


@pytest.mark.parametrize("version", mxc_judge.RUNNERS)
def test_the_sandbox_of_the_runner_lets_a_program_do_the_same(version):
    if not mxc_judge.can_run_bubblewrap():
        pytest.skip("no bubblewrap that can start a sandbox here: install bubblewrap and allow user namespaces")
    places = ["w", "w/ro", "w/ro/no", "w/ro/no/yes", "w/no", "other"]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for place in places:
            os.makedirs(f"{folder}/{place}", exist_ok=True)
            with open(f"{folder}/{place}/f", "w") as file:
                file.write("x")
        data = {
            "version": "1.0.0" if version == mxc_judge.RUNNERS[1] else "0.8.0-alpha",
            "process": {"commandLine": TRY.format(folder=folder, places=" ".join(places))},
            "filesystem": {
                "readwritePaths": [f"{folder}/w", f"{folder}/w/ro/no/yes"],
                "readonlyPaths": [f"{folder}/w/ro"],
                "deniedPaths": [f"{folder}/w/ro/no", f"{folder}/w/no"],
            },
        }
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(data, file)
            file.flush()
            done = subprocess.run(
                [mxc_judge.runner(version), file.name], capture_output=True, text=True, timeout=60, check=False
            )
        assert done.returncode == 0, done.stderr
        readable = dict(line.split() for line in done.stdout.splitlines())
        judge = decider(data)
        for place in places:
            path = f"{folder}/{place}/f"
            assert allowed(judge, on="file.read", path=path) == (readable[place] == "yes"), place
            assert allowed(judge, on="file.write", path=path) == os.path.exists(f"{folder}/{place}/new"), place
