"""The file of alerts as data: what may stand in it, and nothing else.

Strict as a policy's model is (``pipeline.policy.model``), and out of the same kinds of values. What a shape cannot say
is checked in ``checks.py``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from pipeline import schema
from pipeline.policy.fields import OneOf
from pipeline.policy.kinds import Duration, Line, Name, Severity
from pipeline.policy.quantities import NS
from pipeline.policy.words import wrong

KINDS = ("findings", "actions", "requests", "alarms")
"""What an alert can be about; an alarm is a finding of Lictor about itself."""

ACTIONS = (*schema.VERDICTS[schema.VERDICTS.index("ask") :], "warn", "release", "join", "restore", "purge")
"""What the column ``action`` of ``actions`` can say of deeds that alerts are made of."""

_STRICT = ConfigDict(extra="forbid", strict=True)


def _says(meaning: str, *examples: Any) -> Any:
    return Field(description=meaning, examples=list(examples))


def _at_most(longest: str, nanoseconds: int) -> AfterValidator:
    def check(value: int) -> int:
        if value > nanoseconds:
            raise wrong(f"longer than {longest}, which is the most")
        return value

    return AfterValidator(check)


def _argument(value: Any) -> Any:
    if isinstance(value, str) and "\0" in value:
        raise wrong("a NUL character cannot be part of an argument")
    return value


Kinds = Annotated[tuple[Annotated[str, OneOf("kind of alert", KINDS)], ...], Field(min_length=1)]
Actions = Annotated[tuple[Annotated[str, OneOf("action", ACTIONS)], ...], Field(min_length=1)]
Try = Annotated[Duration, _at_most("5m", 5 * NS["m"])]
AllTries = Annotated[Duration, _at_most("1h", NS["h"])]
Retries = Annotated[int, Field(ge=0, le=20)]
Argument = Annotated[str, Field(max_length=100_000), BeforeValidator(_argument)]
Secret = Annotated[str, Field(min_length=1, max_length=10_000)]

_On = Annotated[Kinds, _says("what it is told of", ["findings", "alarms"])]
_MinSeverity = Annotated[Severity, _says("nothing below this severity", "medium")]
_Actions = Annotated[Actions | None, _says("of actions, only these; else all", ["kill", "isolate"])]
_Within = Annotated[AllTries, _says("all tries and pauses of one alert together", "2m")]


@dataclass(frozen=True, config=_STRICT)
class Webhook:
    """A web server that gets each alert as a POST; what may hold a secret is not shown by ``repr``."""

    name: Annotated[Name, _says("stands in the rows of actions, unique in the file", "soc")]
    url: Annotated[Secret, _says("where to; http or https", "https://soc.example.com/lictor")] = field(repr=False)
    on: _On
    headers: Annotated[
        dict[Line, Secret], _says("sent along", {"Authorization": "Bearer ${SOC_TOKEN}"})
    ] = field(default_factory=dict, repr=False)  # fmt: skip
    min_severity: _MinSeverity = "informational"
    actions: _Actions = None
    timeout: Annotated[Try, _says("how long one try may take, the look-up of the name included", "5s")] = 5 * NS["s"]
    retries: Annotated[Retries, _says("further tries after the first", 3)] = 3
    within: _Within = 2 * NS["m"]
    secret: Annotated[Secret | None, _says("key of the signature over the body", "${SOC_SECRET}")] = field(
        default=None, repr=False
    )


@dataclass(frozen=True, config=_STRICT)
class Command:
    """A program that gets each alert on its standard input."""

    name: Annotated[Name, _says("stands in the rows of actions, unique in the file", "page")]
    argv: Annotated[
        tuple[Argument, ...],
        Field(min_length=1, max_length=1000),
        _says("the program by its full path, and its arguments; no shell", ["/usr/local/bin/page", "--on-call"]),
    ]
    on: _On
    min_severity: _MinSeverity = "informational"
    actions: _Actions = None
    timeout: Annotated[Try, _says("how long one try may take; then all its processes are killed", "10s")] = 10 * NS["s"]
    retries: Annotated[Retries, _says("further tries after the first", 1)] = 1
    within: _Within = 2 * NS["m"]
    user: Annotated[Line | None, _says("the user that it runs as; else Lictor's own", "nobody")] = None


@dataclass(frozen=True, config=_STRICT)
class Document:
    """A whole file of alerts, as written."""

    alerts: Annotated[int, Field(ge=1, le=1), _says("version of this format", 1)]
    webhooks: Annotated[tuple[Webhook, ...], _says("web servers that are told")] = ()
    commands: Annotated[tuple[Command, ...], _says("programs that are run")] = ()


SHAPES: dict[str, type] = {"": Document, "webhooks": Webhook, "commands": Command}
"""The shape behind each key of the document; the document's own under the empty one."""

DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)


def keys_of(shape: type) -> tuple[str, ...]:
    """The keys that may stand in a part of the file."""
    return tuple(f.name for f in dataclasses.fields(shape))
