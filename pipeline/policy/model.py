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
    BY,
    MODES,
    SOME,
    Action,
    Atlas,
    Domains,
    Duration,
    Globs,
    Hash,
    Hashes,
    Label,
    Labels,
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
    Users,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, config=_STRICT)
class Scope:
    """To whom the policy applies: shell patterns; every key must have one that matches."""

    agents: Patterns = ("*",)
    users: Patterns = ("*",)
    hosts: Patterns = ("*",)
    repos: Patterns = ("*",)


@dataclass(frozen=True, config=_STRICT)
class Match:
    """What a rule looks at: the keys are joined by *and*, the values of a key by *or*.

    A key that is not given matches everything, a given key never matches NULL.
    """

    path: Annotated[
        Globs, Field(description="patterns of the file, program or unix socket acted on", examples=["~/.ssh/**"])
    ] = ()
    label: Annotated[
        Labels, Field(description="names of groups of paths, built in or defined under labels", examples=["credential"])
    ] = ()
    exe: Annotated[
        Globs,
        Field(description="patterns of the program that acts; of exec: the new program", examples=["/usr/bin/git"]),
    ] = ()
    exe_hash: Annotated[Hashes, Field(description="SHA-256 of the program that exec starts")] = ()
    argv: Annotated[
        Texts, Field(description="patterns of the whole command line that exec starts", examples=["*--force*"])
    ] = ()
    parent: Annotated[
        Globs, Field(description="patterns of the program of the parent process", examples=["**/bash"])
    ] = ()
    user: Annotated[Users, Field(description="patterns of the user's name, or a number", examples=["ci-*"])] = ()
    domain: Annotated[
        Domains, Field(description="names of the peer; *.example.com is any name below it", examples=["*.github.com"])
    ] = ()
    ip: Annotated[
        Networks,
        Field(
            description="addresses or networks of the peer; net.bind and net.listen: of this end",
            examples=["10.0.0.0/8"],
        ),
    ] = ()
    port: Annotated[Ports, Field(description="ports or ranges, as ip", examples=[443, "8000-8080"])] = ()
    protocol: Annotated[Protocols, Field(description="transport protocols", examples=["tcp"])] = ()
    net: Annotated[
        Nets,
        Field(description="kinds of address; unresolved: external, and no name is known for it", examples=["external"]),
    ] = ()
    size: Annotated[Size | None, Field(description="bytes moved", examples=[">=10MB"])] = None
    rate: Annotated[
        Rate | None, Field(description="more than so many such events of a run in that time", examples=["100/60s"])
    ] = None
    taint: Annotated[
        Labels,
        Field(
            description="the process has read what has this label, itself, through a parent, or through a file",
            examples=["credential"],
        ),
    ] = ()


@dataclass(frozen=True, config=_STRICT)
class Step:
    """One step of a sequence; ``not: true`` says that no such event may stand between its neighbours."""

    on: Selectors
    match: Match = Match()
    unless: Match | None = None
    count: Annotated[int, Field(ge=1, le=10_000, description="at least so many such events")] = 1
    not_: Annotated[bool, Field(alias="not", description="no such event in between")] = False


@dataclass(frozen=True, config=_STRICT)
class Rule:
    """One rule: operations, what it matches, what happens then, and why."""

    id: Annotated[Name, Field(description="unique in the file", examples=["credentials"])]
    action: Annotated[Action, Field(description="what happens; the strongest of all matching rules wins")]
    on: Annotated[Selectors | None, Field(description="operations; not with sequence", examples=["file.read"])] = None
    title: Annotated[Line | None, Field(description="one line for lists")] = None
    match: Annotated[Match, Field(description="what it looks at; nothing: every such event")] = Match()
    unless: Annotated[Match | None, Field(description="exceptions")] = None
    sequence: Annotated[
        tuple[Step, ...] | None,
        Field(
            min_length=1,
            max_length=16,
            description="steps that must follow each other, instead of on, match and unless",
        ),
    ] = None
    within: Annotated[
        Duration | None, Field(description="from the first to the last event of a sequence", examples=["60s"])
    ] = None
    by: Annotated[
        Annotated[str, OneOf("by", BY)] | None,
        Field(description="what the events of a sequence have in common", examples=["process"]),
    ] = None
    severity: Annotated[Severity | None, Field(description="else by the action")] = None
    because: Annotated[Line | None, Field(description="why, for the person or agent that is stopped")] = None
    instead: Annotated[Line | None, Field(description="what to do instead")] = None
    attack: Annotated[tuple[Technique, ...], SOME, Field(description="MITRE ATT&CK", examples=[["T1552.001"]])] = ()
    atlas: Annotated[tuple[Atlas, ...], SOME, Field(description="MITRE ATLAS", examples=[["AML.T0051"]])] = ()
    owasp: Annotated[tuple[Owasp, ...], SOME, Field(description="OWASP agentic threats", examples=[["ASI02"]])] = ()
    mode: Annotated[
        Annotated[str, OneOf("mode", MODES)] | None,
        Field(description="audit: this rule only records, whatever the policy's mode"),
    ] = None
    locked: Annotated[bool, Field(description="who includes this file may neither replace nor disable the rule")] = (
        False
    )
    expires: Annotated[
        Moment | None, Field(description="day or time from which the rule no longer counts", examples=["2027-01-31"])
    ] = None
    best_effort: Annotated[bool, Field(description="accept that nothing may be able to stop it")] = False
    origin: Annotated[Line | None, Field(description="where the rule was taken from")] = None


@dataclass(frozen=True, config=_STRICT)
class TestEvent:
    """An event as a policy's own test writes it: columns of ``activity``; absent ones are NULL."""

    __test__ = False  # pytest: a part of the model, no test

    on: OperationName
    path: Line | None = None
    path_to: Line | None = None
    script: Line | None = None
    exe: Line | None = None
    intent: Annotated[tuple[Annotated[str, OneOf("intent", schema.INTENTS)], ...], SOME] = ()
    src_ip: Line | None = None
    src_port: Port | None = None
    dst_ip: Line | None = None
    dst_port: Port | None = None
    protocol: Protocol | None = None
    argv: Annotated[Line | None, Field(description="the command line, as column cmdline has it")] = None
    parent: Line | None = None
    user: Line | None = None
    domain: Line | None = None
    exe_hash: Hash | None = None
    bytes: Annotated[int | None, Field(ge=0)] = None
    after: Annotated[
        Duration | None, Field(description="time since the event before, in a sequence; else a millisecond")
    ] = None
    process: Annotated[
        int, Field(ge=1, le=1000, description="which process acts, in a sequence; fork: which one is the parent")
    ] = 1
    child: Annotated[int | None, Field(ge=1, le=1000, description="fork: the new process")] = None


@dataclass(frozen=True, config=_STRICT)
class PolicyTest:
    """One test inside the file: the verdict (and rule) that an event, or the last of several, must get."""

    expect: Action
    event: TestEvent | None = None
    events: Annotated[tuple[TestEvent, ...] | None, Field(min_length=1, max_length=1000)] = None
    rule: Line | None = None


@dataclass(frozen=True, config=_STRICT)
class Document:
    """A whole policy file, as written."""

    lictor: Annotated[int, Field(ge=1, le=1, description="version of the language")]
    name: Annotated[Name, Field(description="stands in every row that the policy judges")]
    description: Annotated[Prose | None, Field(description="what it is for")] = None
    include: Annotated[
        Annotated[
            tuple[Line, ...], SOME, BeforeValidator(as_tuple, json_schema_input_type=Line | Annotated[list[Line], SOME])
        ],
        Field(description="files whose rules, labels and defaults are taken in; this file's defaults and labels win"),
    ] = ()
    disable: Annotated[Patterns, Field(description="ids of included rules that do not count")] = ()
    scope: Annotated[Scope, Field(description="to whom it applies")] = Scope()
    mode: Annotated[str, OneOf("mode", MODES), Field(description="audit: same verdicts, nothing is stopped")] = (
        "enforce"
    )
    labels: Annotated[dict[Label, Globs], Field(description="own names for groups of paths")] = field(
        default_factory=dict
    )
    defaults: Annotated[dict[Selector, Action], Field(description="what holds where no rule matches")] = field(
        default_factory=dict
    )
    rules: Annotated[tuple[Rule, ...], Field(description="in any order")] = ()
    tests: Annotated[tuple[PolicyTest, ...], Field(description="what must come out")] = ()


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


DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file, generated from the dataclasses."""
    made = DOCUMENT.json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Lictor policy"}


def schema_text() -> str:
    """``schema.json`` as it is published beside this module."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"
