"""Contexts from files, and what a failed connection is called."""

from __future__ import annotations

import socket
import ssl

import pytest
import trustme

from pipeline.export.errors import ExportError
from pipeline.export.sinks import tls
from pipeline.export.sinks.address import Address, Options


def context(options=None, secrets=None):
    return tls.context(Options(Address("x", "h"), options or {}, secrets or {}))


def test_certificates_and_names_are_always_checked():
    made = context()
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2


def test_own_authority_replaces_those_of_the_system(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    assert len(context({"ca": str(tmp_path / "ca.pem")}).get_ca_certs()) == 1


def test_locked_key_without_its_password_is_an_error_and_asks_nobody(tmp_path):
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - heavy

    made = trustme.CA().issue_cert("client.example")
    made.cert_chain_pems[0].write_to_path(tmp_path / "c.pem")
    key = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
    )
    (tmp_path / "k.pem").write_bytes(locked)
    options = {"cert": str(tmp_path / "c.pem"), "key": str(tmp_path / "k.pem")}
    assert context(options, {"key_password": "pw"})
    for secrets in ({}, {"key_password": "other"}):
        with pytest.raises(ExportError, match="client certificate"):
            context(options, secrets)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError(), "OSError"),
        (ssl.SSLError(), "TLS failed"),
    ],
)
def test_failures_in_words(error, said):
    assert said in tls.failure(error)
