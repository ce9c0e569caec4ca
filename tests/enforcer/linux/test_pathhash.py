"""The hash in Python integers against one in the machine's own 64-bit words; the kernel's is compared in test_kernel.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.linux.pathhash import hash_name, hash_path, mix

seeds = st.integers(0, 2**63 - 1)
names = st.binary(min_size=1, max_size=255).filter(lambda n: b"/" not in n and b"\0" not in n)


def words(name: bytes) -> np.ndarray:
    """Little-endian words, the last filled with zeros."""
    return np.frombuffer(name + bytes(-len(name) % 8), "<u8")


def hash_by_words(name: bytes, seed: int) -> int:
    """As ``hash_name`` in strings.h, in unsigned words that wrap as C's do."""
    with np.errstate(over="ignore"):
        h = np.uint64(seed) ^ np.uint64(len(name))
        for word in words(name):
            h = (h ^ word) * np.uint64(0x9E3779B97F4A7C15)
            h ^= h >> np.uint64(29)
    return int(h)


@given(names, seeds)
def test_name_hash_equals_that_of_wrapping_words(name, seed):
    assert hash_name(name, seed) == hash_by_words(name, seed)


@given(st.lists(names, max_size=5), names, seeds)
def test_a_path_is_its_parents_hash_with_its_name_mixed_in(parents, name, seed):
    def path(parts):
        return "/" + b"/".join(parts).decode("utf-8", "surrogateescape")

    assert hash_path(path([*parents, name]), seed) == mix(hash_path(path(parents), seed), hash_name(name, seed))


@given(seeds)
def test_the_root_is_the_seed(seed):
    assert hash_path("/", seed) == seed


@given(st.lists(names.map(lambda n: n.decode("utf-8", "surrogateescape")), min_size=1, max_size=4), seeds)
def test_slashes_that_name_nothing_do_not_count(parts, seed):
    assert hash_path("//" + "//".join(parts) + "/", seed) == hash_path("/" + "/".join(parts), seed)


@pytest.mark.parametrize(
    ("one", "other"),
    [("/a/b", "/ab"), ("/a/b", "/b/a"), ("/a", "/a\x01"), ("/aaaaaaaa", "/aaaaaaaaa"), ("/a/b/c", "/ab/c")],
)
def test_paths_that_differ_hash_apart(one, other):
    assert hash_path(one, 12345) != hash_path(other, 12345)


@given(names, seeds, seeds)
def test_the_seed_matters(name, one, other):
    assert (hash_name(name, one) == hash_name(name, other)) == (one == other)
