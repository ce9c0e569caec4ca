"""Lictor calls itself by its installed version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import pytest

from pipeline.export.formats import product


@pytest.fixture(autouse=True)
def _fresh():
    product.version.cache_clear()
    yield
    product.version.cache_clear()


def test_version_is_the_installed_one():
    assert product.version() == version("lictor")


def test_a_tree_that_is_not_installed_has_version_0(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(product, "installed", missing)
    assert product.version() == "0"
