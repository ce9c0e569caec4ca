"""S3 and what speaks its protocol: one object per batch, JSON lines or text lines packed by gzip.

An object's name is made of its content, so that a batch that is sent again becomes the same object and not another one.
botocore does signatures and finds credentials in all the places where AWS puts them; nothing else of its SDK is needed.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from pipeline.export.errors import ExportError, missing_library
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.frames import lines
from pipeline.export.sinks.interface import ACCEPTED, Batch, Limits, Outcome, Settings, again

if TYPE_CHECKING:
    from types import ModuleType

_CREDENTIALS = ("access_key_id", "secret_access_key", "session_token")


class S3Sink:
    """One prefix of one bucket."""

    limits = Limits(events=50_000, bytes=32 << 20)

    def __init__(self, client: Any, errors: tuple[type[Exception], ...], bucket: str, prefix: str, ending: str) -> None:
        """``client`` is botocore's for s3, ``errors`` what its calls raise, ``ending`` that of the names."""
        self._client = client
        self._errors = errors
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._ending = ending

    def send(self, batch: Batch) -> Outcome:
        """Put the batch as one object."""
        data = bytes(lines(batch))
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=self.key(batch, data), Body=gzip.compress(data, 6, mtime=0),
                ContentType="application/x-ndjson" if batch.json else "text/plain", ContentEncoding="gzip",
            )  # fmt: skip
        except self._errors as error:
            return again(batch, _why(error))
        return ACCEPTED

    def key(self, batch: Batch, data: bytes) -> str:
        """``<prefix>/<table>/day=YYYY-MM-DD/<sha256>.jsonl.gz``; the day is that of the earliest event."""
        first = pc.min(batch.times).as_py()
        day = f"{first:%Y-%m-%d}" if first is not None else "unknown"
        return f"{self._prefix}{batch.table}/day={day}/{hashlib.sha256(data).hexdigest()}{self._ending}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _why(error: Exception) -> str:
    """A failed call in a few words."""
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return f"no answer ({type(error).__name__})"
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    said = answer.get("Error", {})
    text = f"HTTP {status} {said.get('Code', '')}: {said.get('Message', '')}"
    return "".join(c if c.isprintable() else " " for c in text)[:300]


def open_sink(address: Address, settings: Settings) -> S3Sink:
    """``s3://BUCKET/PREFIX``; options ``endpoint``, ``region``, ``ca``, ``timeout``; secrets ``access_key_id`` and
    ``secret_access_key``, else whatever credentials AWS's own tools would find.
    """
    options = Options(address, settings.options, settings.secrets)
    if not address.netloc:
        raise ExportError(f"{address.shown}: needs a bucket: s3://BUCKET/PREFIX")
    session, config, exceptions = _library()
    timeout = options.seconds("timeout", 60)
    made = session.get_session()
    keys = {f"aws_{name}": value for name in _CREDENTIALS if (value := options.secret(name))}
    endpoint, region, ca = options.text("endpoint"), options.text("region", "us-east-1"), options.text("ca")
    options.done()
    try:
        client = made.create_client(
            "s3", region_name=region, endpoint_url=endpoint or None, verify=ca or None, **keys,
            # Tried once: when and how often to try again is decided for all receivers alike.
            config=config.Config(
                retries={"total_max_attempts": 1}, connect_timeout=timeout, read_timeout=timeout,
                s3={"addressing_style": "path"} if endpoint else None,
            ),
        )  # fmt: skip
    except (exceptions.BotoCoreError, ValueError) as error:
        raise ExportError(f"{address.shown}: {error}: check endpoint and credentials") from None
    ending = ".jsonl.gz" if settings.json else ".log.gz"
    errors = (exceptions.BotoCoreError, exceptions.ClientError, OSError)
    return S3Sink(client, errors, address.netloc, address.path, ending)


def _library() -> tuple[ModuleType, ModuleType, ModuleType]:
    try:
        from botocore import config, exceptions, session  # noqa: PLC0415 - optional
    except ImportError:
        raise missing_library("botocore", "s3", "S3") from None
    return session, config, exceptions
