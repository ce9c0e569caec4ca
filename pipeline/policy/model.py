"""The policy as data: what may stand in a policy file, and nothing else.

One set of frozen dataclasses is the Python form, the validation and the source of the
published JSON Schema (``schema.json``), so that the three cannot drift apart. What a schema
cannot say (doubled ids, a port on a file rule) is checked in ``load.py``.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from pipeline import schema
from pipeline.policy.fields import OneOf, as_tuple
from pipeline.policy.kinds import (
    ANSWERS,
    BY,
    FAILURES,
    MODES,
    SOME,
    Action,
    Atlas,
    Domains,
    Duration,
    Failure,
    Globs,
    Hash,
    Hashes,
    Label,
    Labels,
    Limit,
    Line,
    Moment,
    Name,
    Nets,
    Networks,
    OperationName,
    Owasp,
    Patterns,
    Port,
    Ports,
    Prose,
    Protocol,
    Protocols,
    Rate,
    Selector,
    Selectors,
    Severity,
    Size,
    Technique,
    Texts,
    Then,
    Users,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_STRICT = ConfigDict(extra="forbid", strict=True)


def _says(meaning: str, *examples: Any) -> Any:
    """What a key means and values that it may have; docs/policy.md and editors show both."""
    return Field(description=meaning, examples=list(examples))


_Mode = Annotated[str, OneOf("mode", MODES)]
_By = Annotated[str, OneOf("by", BY)]
_Intent = Annotated[str, OneOf("intent", schema.INTENTS)]
_Then = Annotated[Then, OneOf("answer", ANSWERS)]
_Failure = Annotated[Failure, OneOf("on_failure", FAILURES)]
_Includes = Annotated[
    tuple[Line, ...], SOME, BeforeValidator(as_tuple, json_schema_input_type=Line | Annotated[list[Line], SOME])
]


@dataclass(frozen=True, config=_STRICT)
class Scope:
    """To whom the policy applies: shell patterns; every key must have one that matches."""

    agents: Annotated[Patterns, _says("names of agents", ["claude-code", "codex*"])] = ("*",)
    users: Annotated[Patterns, _says("names of users", ["ci-*"])] = ("*",)
    hosts: Annotated[Patterns, _says("names of machines", ["build-??"])] = ("*",)
    repos: Annotated[
        Patterns, _says("the folder that the agent works in, its path or its name", ["shop", "/srv/*/shop"])
    ] = ("*",)


@dataclass(frozen=True, config=_STRICT)
class Match:
    """What a rule looks at: the keys are joined by *and*, the values of a key by *or*.

    A key that is not given matches everything, a given key never matches NULL.
    """

    path: Annotated[
        Globs, _says("the file, program or unix socket acted on", ["~/.ssh/**", "**/.env"], "${workspace}/**")
    ] = ()
    label: Annotated[Labels, _says("the same by groups of paths, built in or defined under labels", "credential")] = ()
    exe: Annotated[Globs, _says("the program that acts; of exec: the new program", "/usr/bin/git", "**/curl")] = ()
    exe_hash: Annotated[
        Hashes,
        _says("the program that exec starts", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ] = ()
    argv: Annotated[
        Texts, _says("the whole command line that exec starts, as column cmdline has it", "*--force*", "rm -rf /*")
    ] = ()
    parent: Annotated[Globs, _says("the program of the parent process", "**/bash")] = ()
    user: Annotated[Users, _says("the user that acts", "ci-*", 0)] = ()
    domain: Annotated[Domains, _says("the name of the peer", ["example.com", "*.example.com"])] = ()
    ip: Annotated[
        Networks, _says("the address of the peer; net.bind and net.listen: of this end", "10.0.0.0/8", "2001:db8::1")
    ] = ()
    port: Annotated[Ports, _says("the port of that end", 443, [22, "8000-8080"])] = ()
    protocol: Annotated[Protocols, _says("the transport protocol", "tcp", ["tcp", "unix"])] = ()
    net: Annotated[
        Nets, _says("the kind of that address; unresolved: external, and no name is known for it", "external")
    ] = ()
    size: Annotated[Size | None, _says("the bytes moved", ">=10MB", "<1KiB")] = None
    rate: Annotated[Rate | None, _says("more than so many such events of a run in that time", "100/60s", "5/s")] = None
    taint: Annotated[
        Labels,
        _says("the process has read what has this label: itself, through a parent, or through a file", "credential"),
    ] = ()


@dataclass(frozen=True, config=_STRICT)
class Step:
    """One step of a sequence: what an event must be, or what must not stand between its neighbours."""

    on: Annotated[Selectors, _says("the operations", "file.read", ["net.connect", "net.send"])]
    match: Annotated[Match, _says("what it looks at; nothing: every such event", {"label": "credential"})] = Match()
    unless: Annotated[Match | None, _says("exceptions", {"exe": "/usr/bin/git"})] = None
    count: Annotated[int, Field(ge=1, le=10_000), _says("at least so many such events", 3)] = 1
    not_: Annotated[
        bool, Field(alias="not"), _says("no such event in between; neither the first step nor the last", True)
    ] = False


@dataclass(frozen=True, config=_STRICT)
class Rule:
    """One rule: operations, what it matches, what happens then, and why."""

    id: Annotated[Name, _says("its name, unique in the file", "credentials")]
    action: Annotated[Action, _says("what happens; the strongest of all matching rules wins", "deny")]
    on: Annotated[Selectors | None, _says("the operations; not with sequence", "file.read", ["exec", "network"])] = None
    title: Annotated[Line | None, _says("one line for lists", "Credentials stay unread")] = None
    match: Annotated[Match, _says("what it looks at; nothing: every such event", {"path": "~/.ssh/**"})] = Match()
    unless: Annotated[Match | None, _says("exceptions", {"exe": "/usr/bin/ssh"})] = None
    sequence: Annotated[
        tuple[Step, ...] | None,
        Field(min_length=1, max_length=16),
        _says(
            "steps that must follow each other, instead of on, match and unless",
            [{"on": "file.read", "match": {"label": "credential"}}, {"on": "network", "match": {"net": "external"}}],
        ),
    ] = None
    within: Annotated[
        Duration | None, _says("how long a sequence may take, from its first event to its last", "60s", "1.5h")
    ] = None
    by: Annotated[_By | None, _says("what the events of a sequence have in common; else the run", "process")] = None
    severity: Annotated[Severity | None, _says("how bad it is; else by the action", "critical")] = None
    because: Annotated[
        Line | None, _says("why, for the person or agent that is stopped", "Keys are not for agents.")
    ] = None
    instead: Annotated[Line | None, _says("what to do instead", "Ask the credential broker.")] = None
    attack: Annotated[tuple[Technique, ...], SOME, _says("techniques of MITRE ATT&CK", ["T1552.001"])] = ()
    atlas: Annotated[tuple[Atlas, ...], SOME, _says("techniques of MITRE ATLAS", ["AML.T0051"])] = ()
    owasp: Annotated[tuple[Owasp, ...], SOME, _says("OWASP agentic threats", ["ASI02"])] = ()
    mode: Annotated[_Mode | None, _says("audit: this rule only records, whatever the policy's mode", "audit")] = None
    locked: Annotated[bool, _says("who includes this file may neither replace nor disable the rule", True)] = False
    expires: Annotated[
        Moment | None,
        _says("day or time from which the rule no longer counts", "2027-01-31", "2027-01-31T18:00:00Z"),
    ] = None
    best_effort: Annotated[bool, _says("accept that nothing may be able to stop it", True)] = False
    origin: Annotated[Line | None, _says("where the rule was taken from", "settings.json /permissions/deny/0")] = None


@dataclass(frozen=True, config=_STRICT)
class TestEvent:
    """An event as a policy's own test writes it: columns of ``activity``; absent ones are NULL."""

    __test__ = False  # pytest: a part of the model, no test

    on: Annotated[OperationName, _says("the operation", "file.read")]
    path: Annotated[Line | None, _says("the file, program or socket acted on", "~/.ssh/id_ed25519")] = None
    path_to: Annotated[Line | None, _says("the other name of a rename or link", "${workspace}/key")] = None
    script: Annotated[Line | None, _says("exec: the script that an interpreter runs", "${workspace}/build.sh")] = None
    exe: Annotated[Line | None, _says("the program that acts; of exec: the new one, else as path", "/usr/bin/cat")] = (
        None
    )
    intent: Annotated[
        tuple[_Intent, ...], SOME, _says("what an open is for; else by the operation", ["read", "write"])
    ] = ()
    src_ip: Annotated[Line | None, _says("address of this end", "127.0.0.1")] = None
    src_port: Annotated[Port | None, _says("port of this end", 8080)] = None
    dst_ip: Annotated[Line | None, _says("address of the peer", "203.0.113.9")] = None
    dst_port: Annotated[Port | None, _says("port of the peer", 443)] = None
    protocol: Annotated[Protocol | None, _says("the protocol; else tcp, of net.send udp", "unix")] = None
    argv: Annotated[Line | None, _says("the command line, as column cmdline has it", "git push --force")] = None
    parent: Annotated[Line | None, _says("the program of the parent process", "/usr/bin/bash")] = None
    user: Annotated[Line | None, _says("the user's name, or the number as text", "ci-7")] = None
    domain: Annotated[Line | None, _says("the name of the peer", "api.example.com")] = None
    exe_hash: Annotated[
        Hash | None,
        _says("SHA-256 of the program", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ] = None
    bytes: Annotated[int | None, Field(ge=0), _says("the bytes moved", 10_000_000)] = None
    after: Annotated[Duration | None, _says("time since the event before; else a millisecond", "5s")] = None
    process: Annotated[
        int, Field(ge=1, le=1000), _says("which process acts, of several; fork: which one is the parent", 2)
    ] = 1
    child: Annotated[int | None, Field(ge=1, le=1000), _says("fork: which process is the new one", 2)] = None


_KEY_READ = {"on": "file.read", "path": "~/.ssh/id_ed25519"}


@dataclass(frozen=True, config=_STRICT)
class PolicyTest:
    """One test inside the file: the verdict (and rule) that an event, or the last of several, must get."""

    expect: Annotated[Action, _says("the verdict", "deny")]
    event: Annotated[TestEvent | None, _says("what happens", _KEY_READ)] = None
    events: Annotated[
        tuple[TestEvent, ...] | None,
        Field(min_length=1, max_length=1000),
        _says("what happens, one thing after the other", [_KEY_READ, {"on": "net.connect", "after": "5s"}]),
    ] = None
    rule: Annotated[
        Line | None, _says("the rule that gives it, or default: and a selector", "credentials", "default:exec")
    ] = None


@dataclass(frozen=True, config=_STRICT)
class HoldLimits:
    """How long a run that is held by ask or freeze waits for a person, and what happens then."""

    limit: Annotated[Limit | None, _says("how long a run stands still at most, 1s to 24h; else 10m", "10m")] = None
    ask: Annotated[
        _Then | None, _says("what happens then to who asked: release lets it have its way; else deny", "deny")
    ] = None
    freeze: Annotated[_Then | None, _says("what happens then to a run that was frozen; else kill", "kill")] = None


@dataclass(frozen=True, config=_STRICT)
class Document:
    """A whole policy file, as written."""

    lictor: Annotated[int, Field(ge=1, le=1), _says("version of the language", 1)]
    name: Annotated[Name, _says("stands in every row that the policy judges", "coding-agent")]
    description: Annotated[Prose | None, _says("what it is for", "What our agents may do at work.")] = None
    include: Annotated[
        _Includes,
        _says("files whose rules, labels, defaults and limits are taken in; this file's own win", ["base.yaml"]),
    ] = ()
    disable: Annotated[Patterns, _says("ids of included rules that do not count", ["too-strict"])] = ()
    scope: Annotated[Scope, _says("to whom it applies", {"agents": ["codex"]})] = Scope()
    mode: Annotated[_Mode, _says("audit: same verdicts, nothing is stopped", "audit")] = "enforce"
    labels: Annotated[
        dict[Label, Globs],
        Field(json_schema_extra={"additionalProperties": False}),
        _says("own names for groups of paths", {"designs": ["${workspace}/design/**"]}),
    ] = field(default_factory=dict)
    defaults: Annotated[
        dict[Selector, Action], _says("what holds where no rule matches", {"exec": "allow", "network": "deny"})
    ] = field(default_factory=dict)
    holds: Annotated[
        HoldLimits, _says("how long a held run waits, and what happens then", {"limit": "10m", "ask": "deny"})
    ] = HoldLimits()
    on_failure: Annotated[
        _Failure | None,
        _says(
            "what becomes of runs when Lictor itself ends unexpectedly: open, they go on, unwatched; closed, they are "
            "ended; not given: closed for lictor run, open for lictor watch",
            "closed",
        ),
    ] = None
    rules: Annotated[
        tuple[Rule, ...],
        _says("in any order", [{"id": "keys", "on": "file.read", "match": {"path": "~/.ssh/**"}, "action": "deny"}]),
    ] = ()
    tests: Annotated[
        tuple[PolicyTest, ...], _says("what must come out", [{"event": {"on": "fork"}, "expect": "allow"}])
    ] = ()


@dataclasses.dataclass(frozen=True)
class Place:
    """Where something stands in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclasses.dataclass(frozen=True)
class Policy:
    """A policy that has been read and found right, with what it includes.

    ``version`` is the SHA-256 of the text, or of the texts of all files where it includes some; ``texts`` are
    those, by file name. ``places`` gives the place of a rule or test (``("rules", 3)``) and of what is in
    it, for messages that come later.
    """

    name: str
    mode: str
    scope: Scope
    defaults: Mapping[str, str]
    rules: tuple[Rule, ...]
    tests: tuple[PolicyTest, ...]
    source_path: str
    version: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Mapping[tuple[str | int, ...], Place] = field(default_factory=dict, repr=False, compare=False)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    holds: HoldLimits = field(default_factory=HoldLimits)
    on_failure: Failure | None = None


DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file, generated from the dataclasses."""
    made = DOCUMENT.json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Lictor policy"}


def schema_text() -> str:
    """``schema.json`` as it is published beside this module."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"
