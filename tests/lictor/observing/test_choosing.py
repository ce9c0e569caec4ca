"""What a person can wish for, and what is said of a wish that cannot be had."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from lictor.errors import LictorError
from lictor.observing import choosing
from lictor.observing.interface import Observer
from lictor.observing.telemetry import Telemetry

LAKE = Path("/nowhere")


def test_without_a_wish_nothing_watches():
    assert type(choosing.observer(None, LAKE)) is Observer


def test_with_one_telemetry_does_and_nothing_is_started_yet():
    made = choosing.observer("http://127.0.0.1:4318", LAKE)
    assert isinstance(made, Telemetry)
    made.close()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318"), ("https://x.example/otlp/", "https://x.example/otlp"),
        ("http://[::1]:4318", "http://[::1]:4318"),
    ],
)  # fmt: skip
def test_addresses_that_are_taken(given, address):
    assert choosing.checked(given) == address


@pytest.mark.parametrize(
    "given",
    ["", "127.0.0.1:4318", "grpc://h:4317", "http://", "http://h:0", "http://h:99999", "http://h/?a=b", "http://h#x", "http://[::1", "file:///x"],
)  # fmt: skip
def test_what_is_no_receiver_is_refused_with_an_example(given):
    with pytest.raises(LictorError, match=r"^--telemetry wants .* such as http://127\.0\.0\.1:4318$"):
        choosing.checked(given)


def test_a_password_is_refused_and_not_shown():
    with pytest.raises(LictorError, match="OTEL_EXPORTER_OTLP_HEADERS") as error:
        choosing.checked("https://me:hunter2@h")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(("text", "ratio"), [("", 0.01), ("0", 0.0), ("1", 1.0), ("0.25", 0.25)])
def test_ratio(text, ratio):
    assert choosing.ratio_of(text) == ratio


@pytest.mark.parametrize("text", ["x", "-0.1", "1.1", "nan", "inf"])
def test_ratio_that_is_none(text):
    with pytest.raises(LictorError, match="OTEL_TRACES_SAMPLER_ARG"):
        choosing.ratio_of(text)


def test_a_missing_library_is_told_with_the_way_to_it(monkeypatch):
    def version(package):
        if package == "opentelemetry-sdk":
            raise PackageNotFoundError(package)
        return "1"

    monkeypatch.setattr(choosing, "version", version)
    with pytest.raises(LictorError, match=r"needs opentelemetry-sdk: pip install 'lictor\[otlp\]'"):
        choosing.observer("http://127.0.0.1:4318", LAKE)
