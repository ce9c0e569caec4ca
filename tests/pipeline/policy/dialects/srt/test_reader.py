"""The srt dialect as a whole: the corpus, srt's own schema as the judge of what is taken, verdicts, a property."""

from __future__ import annotations

import copy
import json
import posixpath
import random
import re

import pytest

from pipeline.policy.dialects.interface import OUTCOMES
from pipeline.policy.dialects.srt.reader import DIALECT, NOTES
from pipeline.policy.source import PolicyError
from tests.corpus import ROOT, corpus
from tests.pipeline.policy.dialects.srt_judge import OLD, accepts, ask
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge, outcomes

FILES = sorted((ROOT / "policies" / "srt").glob("*/*.json"))
KNOWN = {"domain_with_port": "srt 0.0.21 refused ports; since then one may stand behind a host"}
"""Files whose stated expectation does not hold for the version that is read here."""

BASE = {
    "network": {"allowedDomains": [], "deniedDomains": []},
    "filesystem": {"denyRead": [], "allowWrite": [], "denyWrite": []},
}


def settings(*, network=None, files=None, **others):
    found = copy.deepcopy(BASE)
    found["network"] |= network or {}
    found["filesystem"] |= files or {}
    return {**found, **others}


def read(*, network=None, files=None, **others):
    return DIALECT.read(json.dumps(settings(network=network, files=files, **others)), "s.json")


def taken(text):
    try:
        DIALECT.read(text, "s.json")
    except PolicyError:
        return False
    return True


def test_the_corpus_is_there():
    corpus("policies", "srt", "valid")
    assert len(FILES) > 15


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_corpus_is_taken_or_refused_as_it_states(path):
    text = path.read_text()
    assert DIALECT.recognises(text, "x.json")
    expected = path.parent.name == "valid"
    assert taken(text) == (expected != (path.stem in KNOWN))
    if not taken(text):
        with pytest.raises(PolicyError, match=r":[0-9]+:[0-9]+: "):
            DIALECT.read(text, path.name)
        return
    found = DIALECT.read(text, path.name)
    assert {i.outcome for i in found.items} <= set(OUTCOMES)
    assert len({i.name for i in found.items}) == len(found.items)
    data = json.loads(text)
    for section in ("network", "filesystem"):
        for key, value in data[section].items():
            for i in range(len(value)) if isinstance(value, list) else ():
                assert f"/{section}/{key}/{i}" in {item.pointer for item in found.items}
    Judge(found)


def test_srt_itself_takes_and_refuses_the_corpus_as_we_do():
    texts = [path.read_text() for path in FILES]
    assert accepts(texts) == [taken(text) for text in texts]
    assert accepts(texts, OLD) == [path.parent.name == "valid" for path in FILES]


GOOD = {"domain": ["a.b", "*.a.b", "a.b:443"], "path": ["/x", "~", "x/", "/x/**"]}
PIECES = {
    "domain": [
        "a.b",
        "*.a.b",
        "*.com",
        "*",
        "localhost",
        "x",
        "a.b:443",
        "a.b:0",
        "[::1]:80",
        "::1",
        "http://a.b",
        "A.B.",
    ],
    "path": ["/x", "~", "x/", "/x/*/", "x/*/", "", "~/[a]/", "/x/**", {"path": "/y", "literal": True}, {"path": "/y"}],
    "file": ["/x", "/x/", "~/*/"],
    "bool": [True, False, None, "x"],
}


def drawn(rnd):
    """Settings at random: most of them nearly right."""

    def some(kind, most=2):
        return [
            rnd.choice(GOOD[kind] if kind in GOOD and rnd.random() < 0.85 else PIECES[kind])
            for _ in range(rnd.randint(0, most))
        ]

    found = settings(network={"allowedDomains": some("domain"), "deniedDomains": some("domain", 1)})
    found["filesystem"] = {key: some("path", 1) for key in ("denyRead", "allowWrite", "denyWrite")}
    if rnd.random() < 0.3:
        found["network"][rnd.choice(["allowLocalBinding", "allowAllUnixSockets", "strictAllowlist"])] = rnd.choice(
            PIECES["bool"]
        )
    if rnd.random() < 0.3:
        found["filesystem"]["allowRead"] = some("path")
    if rnd.random() < 0.2:
        found["filesystem"]["disabled"] = rnd.choice(PIECES["bool"])
    if rnd.random() < 0.2:
        found["network"]["deniedResolvedAddresses"] = [rnd.choice(["10.0.0.0/8", "10.0.0.1/8", "::/129", "x", "::1"])]
    if rnd.random() < 0.2:
        found["network"]["parentProxy"] = {"http": rnd.choice(["http://p:1", "p", "x:y", "http://", 1])}
    if rnd.random() < 0.2:
        found["mandatoryDenySearchDepth"] = rnd.choice([1, 10, 2.0, 2.5, 11, "3"])
    if rnd.random() < 0.3:
        found["credentials"] = {
            "files": [
                {"path": rnd.choice(PIECES["file"]), "mode": rnd.choice(["deny", "mask", "x"])}
                for _ in range(rnd.randint(0, 1))
            ],
            "envVars": [
                {"name": rnd.choice(["A", "B", "1"]), "mode": "mask", "injectHosts": some("domain", 1)},
                {"name": "C", "mode": "deny", "extract": rnd.choice(["(a)", "a", "(", "(?<n>x)", "[b-a]()"])},
            ][: rnd.randint(0, 2)],
            **({"allowPlaintextInject": True} if rnd.random() < 0.7 else {}),
        }
    if rnd.random() < 0.1:
        found["unknown"] = 1
    if rnd.random() < 0.05:
        del found["network"][rnd.choice(["allowedDomains", "deniedDomains"])]
    return found


def test_what_srt_takes_and_refuses_is_taken_and_refused_here():
    rnd = random.Random(20261125)
    texts = [json.dumps(drawn(rnd)) for _ in range(600)]
    texts += ["", "{", "null", "[]", "{}", "\ufeff" + json.dumps(BASE), '{"network": 1, "filesystem": {}}']
    theirs = accepts(texts)
    assert [t for t, ok in zip(texts, theirs, strict=True) if ok != taken(t)] == []
    assert 100 < sum(theirs) < 500


def test_keys_that_srt_drops_are_named_and_change_nothing():
    found = read(files={"denyRaed": ["/x"]}, other=1)
    dropped = [i.pointer for i in found.items if "drops it" in i.why]
    assert dropped == ["/filesystem/denyRaed", "/other"]
    assert all(i.outcome == "setting" for i in found.items if "drops it" in i.why)
    assert ask([("accepts", json.dumps(settings(other=1)))])[0]["data"] == BASE


def test_verdicts_of_the_complete_example():
    judge = Judge(DIALECT.read(corpus("policies", "srt", "valid", "readme_complete.json").read_text(), "s.json"))
    assert judge("file.read", "/etc/passwd") == judge("exec", "/usr/bin/git") == "allow"
    for path in (f"{WORKSPACE}/a.py", f"{WORKSPACE}/src/x", "/tmp/t", "/dev/null"):
        assert judge("file.write", path) == judge("file.delete", path) == "allow", path
    for path in (f"{HOME}/x", "/etc/x", f"{WORKSPACE}/.env", f"{WORKSPACE}/config/production.json"):
        assert judge("file.write", path) == judge("file.delete", path) == "deny", path
    for name in (".bashrc", ".git/hooks/pre-commit", "sub/.mcp.json", ".claude/agents/x", ".git/config", ".vscode/s"):
        assert judge("file.write", f"{WORKSPACE}/{name}") == "deny", name
    assert judge("file.read", f"{HOME}/.ssh/id") == "deny"
    assert judge.connect("github.com") == judge.connect("x.github.com") == "allow"
    assert judge.connect("malicious.com") == judge.connect("gitlab.com") == judge.connect() == "deny"
    assert judge.connect("github.com", ip="127.0.0.1") == judge.connect("github.com", ip="169.254.169.254") == "deny"
    assert judge("net.connect", "/var/run/docker.sock", protocol="unix") == "deny"
    assert judge("net.listen", src_ip="127.0.0.1", src_port=80) == "deny"


def test_what_is_wider_is_written_once_it_is_accepted():
    found = read(
        network={"allowUnixSockets": ["/run/a.sock"], "allowLocalBinding": True, "allowedDomains": ["localhost:80"]},
        files={"allowWrite": ["*.py"]},
    )
    wider = {name for name, outcome in outcomes(found).items() if outcome == "wider"}
    assert wider == {"srt-allowUnixSockets-0", "srt-allowLocalBinding", "srt-allowedDomains-0", "srt-allowWrite-0"}
    events = (
        lambda j: j("net.connect", "/run/a.sock", protocol="unix"),
        lambda j: j.connect(ip="127.0.0.1", port=80),
        lambda j: j.connect(ip="127.0.0.1", port=81),
        lambda j: j("file.write", f"{WORKSPACE}/a.py"),
    )
    assert [event(Judge(found)) for event in events] == ["deny"] * 4
    assert [event(Judge(found, frozenset(wider))) for event in events] == ["allow"] * 4
    assert Judge(found)("net.listen", src_ip="127.0.0.1", src_port=9) == "allow"


def test_a_folder_above_what_is_denied_may_not_be_moved():
    judge = Judge(read(files={"allowWrite": ["."], "denyRead": ["a/b/secret"]}))
    assert judge("file.rename", f"{WORKSPACE}/a", path_to=f"{WORKSPACE}/z") == "deny"
    assert judge("file.rename", f"{WORKSPACE}/c", path_to=f"{WORKSPACE}/z") == "allow"


def test_a_parent_folder_denies_everything_until_it_is_accepted():
    found = DIALECT.read(corpus("policies", "srt", "valid", "issue79_relative_parent_deny.json").read_text(), "s")
    assert outcomes(found)["srt-denyRead-0"] == "wider"
    assert Judge(found)("file.read", "/etc/passwd") == "deny"


def test_a_disabled_filesystem_has_no_rules_about_files():
    judge = Judge(read(files={"disabled": True, "denyRead": ["/x"]}))
    assert judge("file.read", "/x/y") == judge("file.write", f"{WORKSPACE}/.bashrc") == "allow"
    assert judge.connect("a.b") == "deny"


def test_notes_say_what_cannot_be_said_in_rules():
    assert len(NOTES) == len(read().notes) == 5


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "1.0.0", "network": {}, "filesystem": {}}', "a: 1"])
def test_other_files_are_not_claimed(text):
    assert not DIALECT.recognises(text, "p.json")
    assert DIALECT.recognises("{", "/home/u/.srt-settings.json")


# The property: what either system that srt runs on denies is denied. Paths are read here by the text of srt's manual;
# which names a pattern matches and which hosts an entry covers, srt itself is asked.

ENTRIES = ["/a", "/a/b", "/a/b/c", "~", "~/s", ".", "d", "d/e", "**/.env", "*.key", "/a/*/k", "d/**", "**/n/**"]
NAMES = ["/a", "/a/b", "/a/b/c/f", "/a/z/k", "/ab", f"{HOME}/s/x", f"{HOME}/t", WORKSPACE, f"{WORKSPACE}/d/e/f"]
NAMES += [f"{WORKSPACE}/{n}" for n in ("d", "x", ".env", "d/.env", "i.key", "d/i.key", "n/y", "d/n/y", "q/.bashrc")]
HOSTS = ["a.org", "x.a.org", "y.x.a.org", "b.org"]
DOMAINS = ["a.org", "*.a.org", "x.a.org:443", "b.org:80", "*.x.a.org"]


def absolute(entry):
    stripped = entry.removesuffix("/**") or "/"
    return posixpath.normpath(posixpath.join(WORKSPACE, re.sub(r"^~", HOME, stripped)))


def is_glob(entry):
    return bool(set("*?[]") & set(entry.removesuffix("/**")))


def within(name, top):
    return name == top or name.startswith(top.rstrip("/") + "/")


class Reading:
    """srt's manual, and the answers of srt about patterns: ``matched[entry]`` are the names that it matches."""

    def __init__(self, files, matched):
        self.files, self.matched = files, matched

    def hit(self, entry, name):
        """Whether a denying entry covers a name: what it matches and all below."""
        if not is_glob(entry):
            return within(name, absolute(entry))
        return any(within(name, m) for m in self.matched[entry])

    def read_denied(self, name):
        denies, allows = self.files["denyRead"], self.files["allowRead"]
        names = [absolute(a) for a in allows if not is_glob(a)]
        for deny in denies:
            if not self.hit(deny, name):
                continue
            if is_glob(deny):
                tops = [m for m in self.matched[deny] if within(name, m)]
                if deny.endswith("/**") or not any(within(name, a) and within(a, t) for a in names for t in tops):
                    return True
                if any(within(t, a) and t != a for a in names for t in tops):
                    return True
                continue
            top = absolute(deny)
            lifted = any(within(name, a) and within(a, top) for a in names)
            lifted |= any(is_glob(a) and name in self.matched[a] for a in allows)
            if not lifted or any(within(top, a) and top != a for a in names):
                return True
        return False

    def write_denied(self, name):
        if not any(not is_glob(a) and within(name, absolute(a)) for a in self.files["allowWrite"]):
            return True
        dangerous = within(name, WORKSPACE) and posixpath.basename(name) == ".bashrc"
        return dangerous or any(self.hit(d, name) for d in self.files["denyWrite"])


def test_what_srt_denies_is_denied():
    rnd = random.Random(7)
    most = {"denyRead": 3, "allowRead": 2, "allowWrite": 3, "denyWrite": 2}
    drawn_files = [{key: rnd.sample(ENTRIES, rnd.randint(0, n)) for key, n in most.items()} for _ in range(150)]
    globs = [e for e in ENTRIES if is_glob(e)]
    every = sorted({n[:i] for n in NAMES for i in range(1, len(n) + 1) if i == len(n) or n[i] == "/"})
    answers = ask([("glob", [absolute(e), every]) for e in globs])
    matched = {
        e: [n for n, yes in zip(every, found, strict=True) if yes] for e, found in zip(globs, answers, strict=True)
    }
    checked = denied = 0
    for files in drawn_files:
        judge, reading = Judge(read(files=files)), Reading(files, matched)
        for name in NAMES:
            if reading.read_denied(name):
                assert judge("file.read", name) == "deny", (files, name)
                denied += 1
            if reading.write_denied(name) or reading.read_denied(name):
                assert judge("file.write", name) == "deny", (files, name)
            checked += 1
    assert denied > checked / 20


def test_an_entry_that_no_other_contradicts_allows_what_it_says():
    """The other way round, so that denying everything would not pass."""
    judge = Judge(read(files={"allowWrite": ["d", "/a"], "denyRead": ["/a", "/home"], "allowRead": ["/a/b", "."]}))
    assert judge("file.write", f"{WORKSPACE}/d/e") == judge("file.read", "/a/b/c") == "allow"
    assert judge("file.read", f"{WORKSPACE}/x") == judge("file.read", "/usr/x") == "allow"
    assert judge("file.read", f"{HOME}/x") == judge("file.read", "/a/c") == "deny"


def test_hosts_are_judged_as_by_srt():
    rnd = random.Random(11)
    questions, verdicts = [], []
    for _ in range(60):
        network = {"allowedDomains": rnd.sample(DOMAINS, 2), "deniedDomains": rnd.sample(DOMAINS, 1)}
        judge = Judge(read(network=network))
        for host in HOSTS:
            for port in (80, 443):
                questions += [
                    ("matches", [host, port, p]) for p in (*network["allowedDomains"], *network["deniedDomains"])
                ]
                verdicts.append(judge.connect(host, port=port))
    found = iter(ask(questions))
    expected = []
    for _ in verdicts:
        first, second, denied = next(found), next(found), next(found)
        expected.append("allow" if (first or second) and not denied else "deny")
    assert verdicts == expected
    assert {"allow", "deny"} == set(verdicts)
