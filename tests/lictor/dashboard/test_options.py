"""Ways of serving in which others could get in unasked are refused, each with what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from lictor.dashboard.options import Options, refuse_open
from lictor.errors import LictorError

FILE = Path("file")


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """A certificate and its key in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    trustme.CA().issue_cert("lictor.example").private_key_and_cert_chain_pem.write_to_path(path)
    return path


def options(host="127.0.0.1", **given):
    return Options(Path("lake"), host, 8501, **given)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_loopback_needs_nothing(host):
    refuse_open(options(host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "lictor.example", ""])
def test_anything_else_needs_a_way_to_tell_people(host, pem):
    with pytest.raises(LictorError, match=r"--accounts FILE .* or --provider FILE"):
        refuse_open(options(host, certificate=pem, key=pem))


@pytest.mark.parametrize("way", [{"accounts": FILE}, {"provider": FILE}])
def test_and_needs_tls(way, pem):
    with pytest.raises(LictorError, match="--tls-cert and --tls-key, or --behind-proxy"):
        refuse_open(options("0.0.0.0", **way))
    refuse_open(options("0.0.0.0", certificate=pem, key=pem, **way))
    refuse_open(options("0.0.0.0", behind_proxy=True, **way))


def test_loopback_behind_a_proxy_is_reached_from_elsewhere():
    with pytest.raises(LictorError, match="behind a proxy"):
        refuse_open(options(behind_proxy=True))
    refuse_open(options(behind_proxy=True, accounts=FILE))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"accounts": FILE, "provider": FILE}, "give one of them"),
        ({"certificate": FILE}, "go together"),
        ({"key": FILE}, "go together"),
        ({"certificate": FILE, "key": FILE}, "no such file"),
        ({"certificate": FILE, "key": FILE, "behind_proxy": True}, "a proxy does TLS"),
    ],
)
def test_options_that_contradict_each_other(given, told):
    with pytest.raises(LictorError, match=told) as error:
        refuse_open(options(**given))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:9/"),
        ({"host": "::1"}, "http://[::1]:9/"),
        ({"host": "0.0.0.0", "certificate": FILE}, f"https://{socket.gethostname()}:9/"),
        ({"host": "0.0.0.0", "certificate": FILE, "names": ("lictor.example", "x")}, "https://lictor.example:9/"),
        ({"behind_proxy": True, "names": ("lictor.example",)}, "http://127.0.0.1:9/"),
    ],
)
def test_address_is_one_that_a_person_can_open(given, address):
    assert options(**given).address(9) == address


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_told(tmp_path, pem, text):
    (tmp_path / "odd.pem").write_text(text)
    for given in ({"certificate": tmp_path / "odd.pem", "key": pem}, {"certificate": pem, "key": tmp_path / "odd.pem"}):
        with pytest.raises(LictorError, match="no certificate and its key") as error:
            refuse_open(options(**given))
        assert "\n" not in str(error.value)


def test_key_of_another_certificate_is_told(tmp_path, pem):
    trustme.CA().issue_cert("lictor.example").private_key_pem.write_to_path(tmp_path / "key.pem")
    with pytest.raises(LictorError, match="KEY_VALUES_MISMATCH"):
        refuse_open(options(certificate=pem, key=tmp_path / "key.pem"))


def test_key_with_a_password_is_not_asked_for(tmp_path, pem):
    key = serialization.load_pem_private_key(pem.read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    (tmp_path / "key.pem").write_bytes(locked)
    with pytest.raises(LictorError, match="no certificate and its key"):
        refuse_open(options(certificate=pem, key=tmp_path / "key.pem"))


def test_secure_is_what_browsers_see():
    assert [options(**o).secure for o in ({}, {"certificate": FILE}, {"behind_proxy": True})] == [False, True, True]
