"""TLS for every sink alike: the receiver's certificate is always checked, against the system's authorities or own ones.

There is no switch to leave that out: whoever runs a receiver with a certificate of its own has that certificate, and
``ca`` takes it.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from pipeline.export.errors import ExportError

if TYPE_CHECKING:
    from pipeline.export.sinks.address import Options


def context(options: Options) -> ssl.SSLContext:
    """A client's context from options ``ca``, ``cert`` and ``key`` (PEM files) and the secret ``key_password``.

    Raises ``ExportError`` for files that cannot be used.
    """
    ca, cert, key = options.text("ca"), options.text("cert"), options.text("key")
    password = options.secret("key_password")
    made = _trusting(ca)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if key and not cert:
        raise ExportError("option key names a private key without its certificate: add option cert")
    if cert:
        try:
            # A callable, or OpenSSL would ask at the terminal for a key that turns out to be locked.
            made.load_cert_chain(cert, key or None, lambda: password or "")
        except (OSError, ssl.SSLError) as error:
            raise ExportError(f"{cert}: cannot be used as a client certificate ({_why(error)})") from None
    return made


def _trusting(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except (OSError, ssl.SSLError) as error:
        raise ExportError(f"{ca}: cannot be used as a certificate authority ({_why(error)})") from None


def _why(error: OSError) -> str:
    return error.strerror or getattr(error, "reason", None) or type(error).__name__


def failure(error: Exception) -> str:
    """A failed connection in a few words, with the next step where there is one; never the address, never a secret."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"certificate refused: {error.verify_message} (option ca names the authority, server_name the name in it)"
        )
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'reason', None) or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
