"""The kinds of values that a policy is made of, each with its check and its part of the JSON Schema.

A key of ``match`` takes one value or a list of them; a list is never empty, since that could only
mean *nothing* or *anything*, and readers would not agree on which.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from pipeline import schema
from pipeline.policy.fields import OneOf, as_tuple, glob_text, network, port_range
from pipeline.policy.quantities import day_or_time, duration, rate, size, waiting_time
from pipeline.policy.texts import domain, pattern_text

ACTIONS = schema.VERDICTS
Then = Literal["release", "deny", "kill"]
ANSWERS: tuple[Then, ...] = ("release", "deny", "kill")
"""What can happen to a held run that nobody decides about, weakest first."""

Failure = Literal["open", "closed"]
FAILURES: tuple[Failure, ...] = ("open", "closed")
MODES = ("enforce", "audit")
NETS = ("loopback", "private", "external", "unresolved")
PROTOCOLS = ("tcp", "udp", "unix", "icmp", "icmpv6", "sctp")
BY = ("agent_run", "process", "user", "path", "dst_ip")


def _duration(value: Any, info: ValidationInfo) -> int:
    """A duration; in a file it has a unit, while a plain number is what was made of one before."""
    return duration(str(value) if info.mode == "json" else value)


def _limit(value: Any, info: ValidationInfo) -> int:
    """A duration that a run may be held for."""
    return waiting_time(_duration(value, info))


def _users(value: Any) -> tuple[Any, ...]:
    """Users as texts, also those that are numbers."""
    return tuple(str(v) if type(v) is int else v for v in as_tuple(value))


SOME = Field(min_length=1)

Action = Annotated[str, OneOf("action", ACTIONS)]
Selector = Annotated[str, OneOf("operation", schema.SELECTORS)]
OperationName = Annotated[str, OneOf("operation", tuple(schema.OPERATION_BY_NAME))]
Severity = Annotated[str, OneOf("severity", schema.SEVERITIES)]
Protocol = Annotated[str, OneOf("protocol", PROTOCOLS)]
Net = Annotated[str, OneOf("net", NETS)]
Glob = Annotated[str, Field(title="path pattern", min_length=1, max_length=4096), AfterValidator(glob_text)]
Network = Annotated[
    str, Field(title="address or CIDR", pattern=r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$"), AfterValidator(network)
]
Name = Annotated[str, Field(title="name", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Technique = Annotated[str, Field(title="ATT&CK technique", pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
Atlas = Annotated[str, Field(title="ATLAS technique", pattern=r"^AML\.T[0-9]{4}(\.[0-9]{3})?$")]
Owasp = Annotated[str, Field(title="OWASP threat", pattern=r"^ASI[0-9]{2}$")]
Line = Annotated[str, Field(title="text", min_length=1, max_length=1000)]
Prose = Annotated[str, Field(title="text", min_length=1, max_length=10_000)]
Label = Annotated[str, Field(title="label", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Text = Annotated[str, Field(title="text pattern", min_length=1, max_length=4096), AfterValidator(pattern_text)]
Domain = Annotated[str, Field(title="domain", min_length=1, max_length=255), AfterValidator(domain)]
Hash = Annotated[str, Field(title="SHA-256", pattern=r"^[0-9a-fA-F]{64}$")]
Port = Annotated[int, Field(title="port", ge=0, le=65535)]
PortText = Annotated[str, Field(title="range of ports", pattern=r"^[0-9]{1,5}(-[0-9]{1,5})?$")]
PortRange = Annotated[tuple[int, int], BeforeValidator(port_range, json_schema_input_type=Port | PortText)]
SizeText = Annotated[str, Field(title="size", pattern=r"^(>=|<=|>|<) ?[0-9]+(\.[0-9]+)? ?([kKMGT]i?)?B?$")]
Size = Annotated[tuple[int, int], BeforeValidator(size, json_schema_input_type=SizeText)]
RateText = Annotated[str, Field(title="rate", pattern=r"^[0-9]+/[0-9]*(ms|s|m|h|d)$")]
Rate = Annotated[tuple[int, int], BeforeValidator(rate, json_schema_input_type=RateText)]
DurationText = Annotated[str, Field(title="duration", pattern=r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$")]
Duration = Annotated[int, BeforeValidator(_duration, json_schema_input_type=DurationText)]
Limit = Annotated[int, BeforeValidator(_limit, json_schema_input_type=DurationText)]
Moment = Annotated[
    str, Field(title="day or time", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$"), AfterValidator(day_or_time)
]

Globs = Annotated[
    tuple[Glob, ...], SOME, BeforeValidator(as_tuple, json_schema_input_type=Glob | Annotated[list[Glob], SOME])
]
Networks = Annotated[
    tuple[Network, ...],
    SOME,
    BeforeValidator(as_tuple, json_schema_input_type=Network | Annotated[list[Network], SOME]),
]
Ports = Annotated[
    tuple[PortRange, ...],
    SOME,
    BeforeValidator(as_tuple, json_schema_input_type=PortRange | Annotated[list[PortRange], SOME]),
]
Protocols = Annotated[
    tuple[Protocol, ...],
    SOME,
    BeforeValidator(as_tuple, json_schema_input_type=Protocol | Annotated[list[Protocol], SOME]),
]
Nets = Annotated[
    tuple[Net, ...], SOME, BeforeValidator(as_tuple, json_schema_input_type=Net | Annotated[list[Net], SOME])
]
Labels = Annotated[
    tuple[Label, ...], SOME, BeforeValidator(as_tuple, json_schema_input_type=Label | Annotated[list[Label], SOME])
]
Texts = Annotated[
    tuple[Text, ...], SOME, BeforeValidator(as_tuple, json_schema_input_type=Text | Annotated[list[Text], SOME])
]
Domains = Annotated[
    tuple[Domain, ...],
    SOME,
    BeforeValidator(as_tuple, json_schema_input_type=Domain | Annotated[list[Domain], SOME]),
]
Hashes = Annotated[
    tuple[Hash, ...], SOME, BeforeValidator(as_tuple, json_schema_input_type=Hash | Annotated[list[Hash], SOME])
]
Users = Annotated[
    tuple[Line, ...],
    SOME,
    BeforeValidator(_users, json_schema_input_type=Line | int | Annotated[list[Line | int], SOME]),
]
Selectors = Annotated[
    tuple[Selector, ...],
    SOME,
    BeforeValidator(as_tuple, json_schema_input_type=Selector | Annotated[list[Selector], SOME]),
]
Patterns = Annotated[tuple[Line, ...], SOME]
