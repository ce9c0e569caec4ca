"""Where BCC and headers are looked for, in trees made for it."""

from __future__ import annotations

from collectors.bcc.machine import Headers, bcc_path, headers


def split(root, version):
    for flavour in ("amd64", "common"):
        (root / f"usr/src/linux-headers-{version}-{flavour}").mkdir(parents=True)
    return Headers(root / f"usr/src/linux-headers-{version}-amd64", root / f"usr/src/linux-headers-{version}-common")


def test_bcc_is_found_where_distributions_put_it(tmp_path):
    assert bcc_path(tmp_path) is None
    (tmp_path / "usr/lib/python3.12/site-packages/bcc").mkdir(parents=True)
    assert bcc_path(tmp_path) == tmp_path / "usr/lib/python3.12/site-packages"
    (tmp_path / "usr/lib/python3/dist-packages/bcc").mkdir(parents=True)
    assert bcc_path(tmp_path) == tmp_path / "usr/lib/python3/dist-packages"


def test_the_newest_of_split_headers_is_taken(tmp_path):
    assert headers("6.18.0", tmp_path) is None
    split(tmp_path, "6.1.0-9")
    newest = split(tmp_path, "6.1.0-56")
    (tmp_path / "usr/src/linux-headers-7.0.0-1-amd64").mkdir()  # its other half is missing
    assert headers("6.18.0", tmp_path) == newest


def test_the_kernels_own_headers_come_first_and_nothing_needs_to_be_put_in_their_place(tmp_path):
    split(tmp_path, "6.1.0-56")
    (tmp_path / "lib/modules/6.18.0/build").mkdir(parents=True)
    assert headers("6.18.0", tmp_path) != Headers(), "a dangling or empty folder is none"
    (tmp_path / "lib/modules/6.18.0/build/include").mkdir()
    assert headers("6.18.0", tmp_path) == Headers()
