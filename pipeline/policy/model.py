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

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from pipeline import schema
from pipeline.policy.fields import OneOf, as_tuple, glob_text, network, port_range

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS = ("allow", "audit", "deny", "kill")
MODES = ("enforce", "audit")
NETS = ("loopback", "private", "external")
PROTOCOLS = ("tcp", "udp", "unix", "icmp", "icmpv6", "sctp")
LATER_ACTIONS = ("ask", "freeze", "quarantine", "isolate")

_STRICT = ConfigDict(extra="forbid", strict=True)
_SOME = Field(min_length=1)

Action = Annotated[str, OneOf("action", ACTIONS, later=LATER_ACTIONS)]
Selector = Annotated[str, OneOf("operation", schema.SELECTORS)]
OperationName = Annotated[str, OneOf("operation", tuple(schema.OPERATION_BY_NAME))]
Severity = Annotated[str, OneOf("severity", schema.SEVERITIES)]
Protocol = Annotated[str, OneOf("protocol", PROTOCOLS)]
Net = Annotated[str, OneOf("net", NETS)]
Glob = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(glob_text)]
Network = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$"), AfterValidator(network)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Technique = Annotated[str, Field(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
Line = Annotated[str, Field(min_length=1, max_length=1000)]
Port = Annotated[int, Field(ge=0, le=65535)]
PortText = Annotated[str, Field(pattern=r"^[0-9]{1,5}(-[0-9]{1,5})?$")]
PortRange = Annotated[tuple[int, int], BeforeValidator(port_range, json_schema_input_type=Port | PortText)]

# Each key of a match is one value or a list of them; a list is never empty.
Globs = Annotated[
    tuple[Glob, ...], _SOME, BeforeValidator(as_tuple, json_schema_input_type=Glob | Annotated[list[Glob], _SOME])
]
Networks = Annotated[
    tuple[Network, ...],
    _SOME,
    BeforeValidator(as_tuple, json_schema_input_type=Network | Annotated[list[Network], _SOME]),
]
Ports = Annotated[
    tuple[PortRange, ...],
    _SOME,
    BeforeValidator(as_tuple, json_schema_input_type=PortRange | Annotated[list[PortRange], _SOME]),
]
Protocols = Annotated[
    tuple[Protocol, ...],
    _SOME,
    BeforeValidator(as_tuple, json_schema_input_type=Protocol | Annotated[list[Protocol], _SOME]),
]
Nets = Annotated[
    tuple[Net, ...], _SOME, BeforeValidator(as_tuple, json_schema_input_type=Net | Annotated[list[Net], _SOME])
]
Selectors = Annotated[
    tuple[Selector, ...],
    _SOME,
    BeforeValidator(as_tuple, json_schema_input_type=Selector | Annotated[list[Selector], _SOME]),
]
Patterns = Annotated[tuple[Line, ...], _SOME]


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

    path: Globs = ()
    exe: Globs = ()
    ip: Networks = ()
    port: Ports = ()
    protocol: Protocols = ()
    net: Nets = ()


@dataclass(frozen=True, config=_STRICT)
class Rule:
    """One rule: operations, what it matches, what happens then, and why."""

    id: Name
    on: Selectors
    action: Action
    title: Line | None = None
    match: Match = Match()
    unless: Match | None = None
    severity: Severity | None = None
    because: Line | None = None
    instead: Line | None = None
    attack: Annotated[tuple[Technique, ...], _SOME] = ()
    best_effort: bool = False


@dataclass(frozen=True, config=_STRICT)
class TestEvent:
    """An event as a policy's own test writes it: columns of ``activity``; absent ones are NULL."""

    __test__ = False  # pytest: a part of the model, no test

    on: OperationName
    path: Line | None = None
    path_to: Line | None = None
    script: Line | None = None
    exe: Line | None = None
    intent: Annotated[tuple[Annotated[str, OneOf("intent", schema.INTENTS)], ...], _SOME] = ()
    src_ip: Line | None = None
    src_port: Port | None = None
    dst_ip: Line | None = None
    dst_port: Port | None = None
    protocol: Protocol | None = None


@dataclass(frozen=True, config=_STRICT)
class PolicyTest:
    """One test inside the file: the verdict (and rule) that an event must get."""

    event: TestEvent
    expect: Action
    rule: Line | None = None


@dataclass(frozen=True, config=_STRICT)
class Document:
    """A whole policy file, as written."""

    lictor: Annotated[int, Field(ge=1, le=1, description="version of the language")]
    name: Name
    scope: Scope = Scope()
    mode: Annotated[str, OneOf("mode", MODES)] = "enforce"
    defaults: dict[Selector, Action] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    tests: tuple[PolicyTest, ...] = ()


@dataclasses.dataclass(frozen=True)
class Policy:
    """A policy that has been read and found right.

    ``version`` is the SHA-256 of the text; ``places`` gives line and column of a rule or test
    (``("rules", 3)``) and of what is in it, for messages that come later.
    """

    name: str
    mode: str
    scope: Scope
    defaults: Mapping[str, str]
    rules: tuple[Rule, ...]
    tests: tuple[PolicyTest, ...]
    source_path: str
    version: str
    places: Mapping[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)


DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file, generated from the dataclasses."""
    made = DOCUMENT.json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Lictor policy"}


def schema_text() -> str:
    """``schema.json`` as it is published beside this module."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"
