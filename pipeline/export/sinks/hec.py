"""Splunk's HTTP Event Collector: JSON events, packed, over one channel, confirmed by the indexer where the token asks for it.

HTTP 200 says that Splunk took the data, not that it is indexed. With indexer acknowledgement each request gets a number,
and ``/services/collector/ack`` tells which numbers are indexed; only then do the events count as accepted.

Source of the replies: Splunk, "Troubleshoot HTTP Event Collector" (status codes) and "About HTTP Event Collector Indexer
Acknowledgment".
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.errors import ExportError
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.frames import by_distinct, events, json_inner, json_string, rows_of, seconds, wire
from pipeline.export.sinks.http import Client, Reply, UnreachableError, base_of, fault, in_parts, refused
from pipeline.export.sinks.interface import Batch, Limits, Outcome, Settings, again

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVENTS, _ACK = "/services/collector/event", "/services/collector/ack"
_REQUEST = 1 << 20
"""Bytes of one request before packing; every version of Splunk takes so many."""

_FAULTS = (5, 6, 7, 12, 13, 15)
"""Codes about the data: none, invalid format, incorrect index, no event field, blank one, indexed fields."""

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.05, 5.0
_LAST_LOOKS_S = 5.0
"""How long acknowledgements are waited for when the export is told to end."""


class HecSink:
    """One token of one Splunk."""

    limits = Limits(events=20_000, bytes=16 << 20)

    def __init__(
        self,
        client: Client,
        envelope: Mapping[str, str],
        settings: Settings,
        *,
        ack: str = "auto",
        ack_timeout: float = 120,
    ) -> None:
        """``envelope``: index, source, sourcetype. ``ack``: auto (where the token asks for it), true (demanded) or false."""
        self._client = client
        self._rest = "".join(f",{json.dumps(k)}:{json.dumps(v)}" for k, v in envelope.items()).encode()
        self._settings = settings
        self._ack = ack
        self._ack_timeout = ack_timeout
        self._channel = str(uuid.uuid4())
        self._headers = {"X-Splunk-Request-Channel": self._channel, "Content-Type": "application/json"}
        self._numbers: list[int | None] = []

    def send(self, batch: Batch) -> Outcome:
        """Post the batch in requests of about 1 MiB, then wait for the indexer's word on all of them."""
        self._numbers = []
        cuts = batch.cuts(self.limits.events, _REQUEST, overhead=len(self._rest) + 200)
        outcome = in_parts(batch, cuts, self._post)
        # Requests are answered in order until one has to come again, so numbers and parts go together.
        acked = [(n, *cut) for cut, n in zip(cuts, self._numbers, strict=False) if n is not None]
        return self._confirmed(outcome, acked) if acked else outcome

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, part: Batch) -> Outcome:
        reply = self._client.post(_EVENTS, bytes(wire(self.enveloped(part))), self._headers)
        if not reply.ok:
            return _refusal(part, reply)
        number = reply.json().get("ackId") if self._ack != "false" else None
        self._numbers.append(number if isinstance(number, int) else None)
        if self._ack == "true" and self._numbers[-1] is None:
            return again(part, "no acknowledgement number: switch indexer acknowledgement on for the token")
        return Outcome()

    def enveloped(self, batch: Batch) -> pa.Array:
        """One HEC event per row: time, host, what is configured, the id as an indexed field, and the event itself."""
        times = seconds(batch.times)
        time = pc.binary_join_element_wise(pa.scalar('"time":'), times, pa.scalar(","), pa.scalar("")).fill_null("")
        host = by_distinct(batch.hosts, json_string)
        return rows_of(
            b"{", time, b'"host":', host, self._rest, b',"fields":{"lictor_id":"', json_inner(batch.ids),
            f'","lictor_table":{json.dumps(batch.table)}}},"event":'.encode(), events(batch), b"}\n",
        )  # fmt: skip

    def _confirmed(self, outcome: Outcome, acked: list[tuple[int, int, int]]) -> Outcome:
        """Wait for acknowledgements; what has none in time comes again."""
        open_numbers = self._polled({number for number, _, _ in acked})
        late = [np.arange(start, start + length) for number, start, length in acked if number in open_numbers]
        if not late:
            return outcome
        reason = outcome.reason or f"not acknowledged by the indexer within {self._ack_timeout:g} s"
        return Outcome(np.concatenate([outcome.retry, *late]), reason, outcome.after, outcome.dead, outcome.split)

    def _polled(self, numbers: set[int]) -> set[int]:
        """Ask until all are acknowledged or the time is up; returns the numbers that are not."""
        begun, look = self._settings.clock(), _FIRST_LOOK_S
        while numbers:
            numbers -= self._asked(numbers)
            waited = self._settings.clock() - begun
            patience = min(_LAST_LOOKS_S, self._ack_timeout) if self._settings.stopping() else self._ack_timeout
            if not numbers or waited >= patience:
                break
            self._settings.sleep(min(look, patience - waited))
            look = min(2 * look, _LONGEST_LOOK_S)
        return numbers

    def _asked(self, numbers: set[int]) -> set[int]:
        """Which of them are acknowledged now. A receiver that cannot be reached has said nothing, which is not no."""
        body = json.dumps({"acks": sorted(numbers)}).encode()
        try:
            reply = self._client.post(f"{_ACK}?channel={self._channel}", body, self._headers, pack=False)
            acks: Any = reply.json().get("acks") if reply.ok else None
        except UnreachableError:
            return set()
        return {n for n in numbers if isinstance(acks, dict) and acks.get(str(n)) is True}


def _refusal(part: Batch, reply: Reply) -> Outcome:
    """What a refusal says of single events: Splunk names the first invalid one by its number."""
    try:
        said = reply.json()
        code, number = said.get("code"), said.get("invalid-event-number")
    except (UnreachableError, AttributeError):
        return refused(part, reply)
    if reply.status != 400 or code not in _FAULTS:
        # Codes 10, 11 and 14 are about channel and token: a person can mend that, the data are not at fault.
        return again(part, f"{reply.said}: check the token's settings") if reply.status == 400 else refused(part, reply)
    if isinstance(number, int) and 0 <= number < len(part):
        rest = np.delete(np.arange(len(part)), number)
        return Outcome(rest, "the rest of a refused request", 0.0, ((number, reply.said),))
    return fault(part, reply.said)


def open_sink(address: Address, settings: Settings) -> HecSink:
    """``splunk+https://host:8088``; secret ``token``; options ``index``, ``source``, ``sourcetype``, ``ack``, ``ack_timeout``."""
    options = Options(address, settings.options, settings.secrets)
    token = options.secret("token")
    if not token:
        raise ExportError(f"{address.shown}: needs a token: --secret token=env:NAME or token=file:PATH")
    base, encrypted = base_of(address, 8088)
    envelope = {"source": options.text("source", "lictor"), "sourcetype": options.text("sourcetype", "lictor")}
    if index := options.text("index"):
        envelope["index"] = index
    ack = options.choice("ack", ("auto", "true", "false"))
    ack_timeout = options.seconds("ack_timeout", 120)
    client = Client(base, options, {"Authorization": f"Splunk {token}"}, settings.clock, encrypted=encrypted)
    options.done()
    return HecSink(client, envelope, settings, ack=ack, ack_timeout=ack_timeout)
