"""How the dashboard is served, and which ways of it are refused: those in which others could get in unasked."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from dashboards.auth.origins import is_loopback
from lictor.errors import LictorError


@dataclass(frozen=True)
class Options:
    """``names``: names other than the address that it is reached by. ``provider``: the file about an OpenID provider."""

    lake: Path
    host: str
    port: int
    accounts: Path | None = None
    provider: Path | None = None
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.certificate is not None or self.behind_proxy

    def address(self, port: int) -> str:
        """Where a person finds it. Behind a proxy that is where the proxy finds it."""
        host = self.host
        if self.names and not self.behind_proxy:
            host = self.names[0]
        elif _is_unspecified(host):
            host = socket.gethostname()
        return f"{'https' if self.certificate else 'http'}://{f'[{host}]' if ':' in host else host}:{port}/"


def refuse_open(options: Options) -> None:
    """Raises ``LictorError`` for options that contradict each other, or let others in who have not said who they are."""
    if options.accounts is not None and options.provider is not None:
        raise LictorError("--accounts and --provider are two ways in: give one of them")
    if (options.certificate is None) != (options.key is None):
        raise LictorError("--tls-cert and --tls-key go together")
    if options.certificate is not None and options.behind_proxy:
        raise LictorError("--behind-proxy says that a proxy does TLS: give it, or --tls-cert")
    _check_tls(options)
    if is_loopback(options.host) and not options.behind_proxy:
        return
    if options.accounts is None and options.provider is None:
        where = "behind a proxy" if options.behind_proxy else f"on {options.host}"
        raise LictorError(
            f"{where} it is reached from other machines: give --accounts FILE (lictor dashboard-account add makes it) or"
            " --provider FILE"
        )
    if not options.secure:
        raise LictorError(
            f"--host {options.host} is reached from other machines, and passwords would go there readable: give"
            " --tls-cert and --tls-key, or --behind-proxy where a proxy in front does TLS"
        )


def _check_tls(options: Options) -> None:
    """Raises ``LictorError`` where certificate and key are none, or not of each other."""
    if options.certificate is None or options.key is None:
        return
    for file in (options.certificate, options.key):
        if not file.is_file():
            raise LictorError(f"{file}: no such file")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # A password is never asked for: the dashboard may have been started by nobody who could give it.
        context.load_cert_chain(options.certificate, options.key, password="")
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise LictorError(
            f"{options.certificate}, {options.key}: they are no certificate and its key ({why})"
        ) from error


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
