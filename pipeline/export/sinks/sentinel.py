"""Microsoft Sentinel through the Logs Ingestion API of Azure Monitor: JSON arrays of at most 1 MB, packed.

The vendor's client parses every event and writes it anew before it sends it; the contract itself is one POST, so it is
spoken here, and the vendor's library is used for what is hard: getting a token (azure-identity).

Source: Microsoft, "Logs Ingestion API in Azure Monitor" (api-version 2023-01-01) and "Azure Monitor service limits".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.export.errors import ExportError, missing_library
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.frames import array
from pipeline.export.sinks.http import Client, UnreachableError, base_of, in_parts, need_json, refused
from pipeline.export.sinks.interface import ACCEPTED, Batch, Limits, Outcome, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST = 1_000_000
"""Bytes of one call; the limit holds for packed and unpacked data."""

_SCOPE = "https://monitor.azure.com/.default"


class SentinelSink:
    """One stream of one data collection rule."""

    limits = Limits(events=20_000, bytes=8 << 20)

    def __init__(self, client: Client, rule: str, stream: str, token: Callable[[], str]) -> None:
        """``token`` gives a valid bearer token each time; raises ``UnreachableError``."""
        self._client = client
        self._path = (
            f"/dataCollectionRules/{quote(rule, safe='')}/streams/{quote(stream, safe='')}?api-version=2023-01-01"
        )
        self._token = token

    def send(self, batch: Batch) -> Outcome:
        """Send the batch in calls of at most 1 MB."""
        return in_parts(batch, batch.cuts(self.limits.events, _LARGEST - 2, overhead=1), self._post)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, part: Batch) -> Outcome:
        body = array(part)
        if len(body) > _LARGEST:
            return Outcome(dead=((0, f"the event has {len(body) - 2} bytes, and a call takes at most {_LARGEST}"),))
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        reply = self._client.post(self._path, body, headers)
        return ACCEPTED if reply.ok else refused(part, reply)


def open_sink(address: Address, settings: Settings) -> SentinelSink:
    """``sentinel+https://ENDPOINT?dcr=RULE&stream=STREAM``.

    Secret ``token``, or ``client_secret`` with options ``tenant`` and ``client``; else whatever Azure identity the
    machine has.
    """
    need_json(address, settings)
    options = Options(address, settings.options, settings.secrets)
    rule, stream = options.text("dcr"), options.text("stream")
    if not rule or not stream:
        raise ExportError(f"{address.shown}: needs the rule's immutable id and its stream: …?dcr=dcr-…&stream=Custom-…")
    token = _token_source(address, options)
    base, encrypted = base_of(address)
    client = Client(base, options, {}, settings.clock, encrypted=encrypted)
    options.done()
    return SentinelSink(client, rule, stream, token)


def _token_source(address: Address, options: Options) -> Callable[[], str]:
    fixed, secret = options.secret("token"), options.secret("client_secret")
    tenant, client = options.text("tenant"), options.text("client")
    if fixed:
        return lambda: fixed
    if secret and not (tenant and client):
        raise ExportError(f"{address.shown}: secret client_secret needs options tenant and client")
    try:
        from azure import identity  # noqa: PLC0415 - optional
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - optional
    except ImportError:
        raise missing_library("azure-identity", "azure", "a token from Azure") from None
    credential: Any = (
        identity.ClientSecretCredential(tenant, client, secret) if secret else identity.DefaultAzureCredential()
    )

    def ask() -> str:
        try:
            return str(credential.get_token(_SCOPE).token)  # kept by the library until it is about to end
        except AzureError as error:
            # The library's text is long, and may quote what it was given.
            raise UnreachableError(
                f"no token from Azure ({type(error).__name__}): check tenant, client and secret"
            ) from None

    return ask
