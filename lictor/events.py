"""An event as a person writes it on the command line: ``file.read path=~/.ssh/id exe=/usr/bin/cat``, or JSON.

The keys are those of a policy's own tests (docs/policy.md); lists are comma-separated.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lictor.errors import LictorError
from pipeline.policy.model import TestEvent
from pipeline.policy.words import near

_EVENT: TypeAdapter[TestEvent] = TypeAdapter(TestEvent)
_NUMBERS = ("src_port", "dst_port", "bytes", "process", "child")
_LISTS = ("intent",)
_SHORT = {"ip": "dst_ip", "port": "dst_port", "cmdline": "argv"}


def parse_event(text: str) -> TestEvent:
    """The event of a text; raises ``LictorError`` that names what is wrong with it."""
    data = _json(text) if text.lstrip().startswith("{") else _words(text)
    try:
        return _EVENT.validate_json(json.dumps(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise LictorError(f"--event: {key}: {first['msg']}{_hint(key, first['type'])}") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise LictorError(f"--event: not JSON: {error}") from None


def _words(text: str) -> dict[str, Any]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise LictorError(f"--event: {error}") from None
    if not words or "=" in words[0]:
        raise LictorError("--event: begin with the operation, as in 'file.read path=/etc/shadow exe=/usr/bin/cat'")
    data: dict[str, Any] = {"on": words[0]}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if not equals:
            raise LictorError(f"--event: '{word}': write KEY=VALUE")
        data[_SHORT.get(key, key)] = _value(_SHORT.get(key, key), value)
    return data


def _value(key: str, value: str) -> Any:
    if key in _LISTS:
        return value.split(",")
    return int(value) if key in _NUMBERS and value.isdecimal() else value


def _hint(key: str, kind: str) -> str:
    names = list(TestEvent.__dataclass_fields__)
    return near(key, names) or f"; known: {', '.join(names)}" if kind == "unexpected_keyword_argument" else ""
