"""Elasticsearch and OpenSearch through ``_bulk``: ``create`` under the event's own id, so that a repeat changes nothing.

The answer is 200 even where documents were refused, and says of each what became of it: 409 is there already, 429 comes
again, another 4xx is the document's own fault.

Source of the replies: Elasticsearch reference, "Bulk API" and its OpenAPI specification.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from pipeline.export.errors import ExportError
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.frames import json_inner, rows_of, wire
from pipeline.export.sinks.http import Client, UnreachableError, base_of, in_parts, need_json, refused
from pipeline.export.sinks.interface import ACCEPTED, Batch, Limits, Outcome, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUEST = 5 << 20
_WANTED = "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
_TAKEN = (200, 201, 409)
_BUSY = (408, 429)
_FORBIDDEN = (401, 403)


class ElasticsearchSink:
    """One index or data stream."""

    limits = Limits(events=5_000, bytes=_REQUEST)

    def __init__(self, client: Client, index: str, parameters: str = "") -> None:
        self._client = client
        self._path = f"/{quote(index, safe='')}/_bulk?{_WANTED}{parameters}"

    def send(self, batch: Batch) -> Outcome:
        """Put the batch in, in requests of at most 5 MiB."""
        return in_parts(batch, batch.cuts(self.limits.events, _REQUEST, overhead=600), self._post)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, part: Batch) -> Outcome:
        body = wire(rows_of(b'{"create":{"_id":"', json_inner(part.ids), b'"}}\n', part.payloads, b"\n"))
        reply = self._client.post(self._path, bytes(body), {"Content-Type": "application/x-ndjson"})
        return _judged(part, reply.json()) if reply.ok else refused(part, reply)


def _judged(part: Batch, said: Any) -> Outcome:
    """The events by what the answer says of each."""
    if not isinstance(said, dict) or said.get("errors") not in {True, False}:
        raise UnreachableError("an answer that is not that of _bulk")
    if not said["errors"]:
        return ACCEPTED
    items = said.get("items")
    if not isinstance(items, list) or len(items) != len(part):
        raise UnreachableError("an answer that does not speak of every document")
    retry, dead, reason = [], [], ""
    for position, item in enumerate(items):
        status, why = _result(item)
        if status in _TAKEN:
            continue
        if status in _BUSY or status in _FORBIDDEN or status >= 500:
            retry.append(position)
            reason = reason or f"{len(part)} documents, some refused: {why}"
        else:
            dead.append((position, why))
    return Outcome(np.array(retry, np.int64), reason, None, tuple(dead))


def _result(item: Any) -> tuple[int, str]:
    """Status of one document and why, whatever its operation is called in the answer."""
    try:
        result = next(iter(item.values()))
        status, error = int(result["status"]), result.get("error") or {}
        why = f"{status} {error.get('type', '')}: {error.get('reason', '')}"
    except (AttributeError, StopIteration, KeyError, TypeError, ValueError):
        raise UnreachableError("an answer that cannot be read") from None
    return status, "".join(c if c.isprintable() else " " for c in why)[:500]


def open_sink(address: Address, settings: Settings) -> ElasticsearchSink:
    """``elasticsearch+https://host:9200/INDEX``; secrets ``api_key``, ``token`` or ``password`` (with option ``user``)."""
    need_json(address, settings)
    options = Options(address, settings.options, settings.secrets)
    index = address.path.strip("/")
    if not index or "/" in index:
        raise ExportError(f"{address.shown}: needs one index or data stream: {address.scheme}://HOST:9200/INDEX")
    pipeline = options.text("pipeline")
    base, encrypted = base_of(address, 9200)
    client = Client(base, options, _rights(address, options), settings.clock, encrypted=encrypted)
    options.done()
    return ElasticsearchSink(client, index, f"&pipeline={quote(pipeline, safe='')}" if pipeline else "")


def _rights(address: Address, options: Options) -> Mapping[str, str]:
    api_key, token, password = (options.secret(n) for n in ("api_key", "token", "password"))
    user = options.text("user")
    if api_key:
        return {"Authorization": f"ApiKey {api_key}"}
    if token:
        return {"Authorization": f"Bearer {token}"}
    if bool(password) != bool(user):
        raise ExportError(f"{address.shown}: option user and secret password go together")
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"} if user else {}
