"""Which observer a service gets: none that watches, or one that sends to the receiver a person named.

Everything that can be wrong with the wish is said before anything is started.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lictor.errors import LictorError

if TYPE_CHECKING:
    from lictor.observing.interface import Observer

RATIO_VARIABLE = "OTEL_TRACES_SAMPLER_ARG"
RATIO = 0.01
_NEEDED = ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")


def observer(endpoint: str | None, lake: Path) -> Observer:
    """The observer for an OTLP/HTTP receiver, without one that does nothing; raises ``LictorError``."""
    if endpoint is None:
        from lictor.observing.interface import Observer  # noqa: PLC0415 - one of the two, not both

        return Observer()
    address = checked(endpoint)
    ratio = ratio_of(os.environ.get(RATIO_VARIABLE, ""))
    for package in _NEEDED:
        try:
            version(package)
        except PackageNotFoundError:
            raise LictorError(f"--telemetry needs {package}: pip install 'lictor[otlp]'") from None
    from lictor.observing.sending import Sending  # noqa: PLC0415 - only where it is wanted
    from lictor.observing.telemetry import Telemetry  # noqa: PLC0415 - the same

    return Telemetry(Sending(address, lake), ratio=ratio)


def checked(endpoint: str) -> str:
    """The base URL without a slash at its end; raises ``LictorError``, which does not show what may be secret."""
    try:
        parts = urlsplit(endpoint)
        plain = parts.port is None or parts.port > 0
    except ValueError:
        plain = False
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise LictorError("--telemetry wants the address of an OTLP/HTTP receiver, such as http://127.0.0.1:4318")
    if parts.username is not None or parts.password is not None:
        raise LictorError(
            "--telemetry takes no user or password: put them into OTEL_EXPORTER_OTLP_HEADERS, where ps shows them to nobody"
        )
    return endpoint.rstrip("/")


def ratio_of(text: str) -> float:
    """The share of batches that are traced; raises ``LictorError``."""
    try:
        ratio = float(text or RATIO)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        raise LictorError(f"${RATIO_VARIABLE} is the share of batches that are traced: a number from 0 to 1")
    return ratio
