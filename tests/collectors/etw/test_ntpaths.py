from __future__ import annotations

import pyarrow as pa
import pytest

from collectors.etw.ntpaths import NtPaths, registry_path, unresolved

PATHS = NtPaths({"\\Device\\HarddiskVolume3": "C:", "\\Device\\HarddiskVolume30\\": "D:\\"})


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (r"\Device\HarddiskVolume3\Windows\x.exe", r"C:\Windows\x.exe"),
        (r"\device\harddiskvolume30\y", r"D:\y"),
        (r"\Device\HarddiskVolume4\z", r"\Device\HarddiskVolume4\z"),
        (r"\Device\HarddiskVolume3", "C:"),
        (r"\SystemRoot\System32\smss.exe", r"C:\Windows\System32\smss.exe"),
        (r"\Windows\System32\ntdll.dll", r"C:\Windows\System32\ntdll.dll"),
        (r"\??\C:\a", r"C:\a"),
        (r"\??\UNC\server\share\a", r"\\server\share\a"),
        (r"\Device\Mup\server\share\a", r"\\server\share\a"),
        (r"\Device\Mup\DfsClient\;Z:0000000000020d40\clrmain\public\a", r"\\clrmain\public\a"),
        (r"\Device\LanmanRedirector\;Z:00000\server\share", r"\\server\share"),
        (r"C:\already", r"C:\already"),
        ("System", "System"),
    ],
)
def test_paths(given, wanted):
    assert PATHS.plain(pa.array([given])).to_pylist() == [wanted]


def test_missing_and_unmapped_paths_are_marked():
    paths = pa.array(["C:\\a", "\\Device\\HarddiskVolume9\\b", None])
    assert unresolved(paths).to_pylist() == [None, "unresolved", "unresolved"]
    assert unresolved(paths, wanted=False).to_pylist() == [None, "unresolved", None]


def test_registry_keys_have_the_names_of_their_hives():
    assert registry_path(r"\REGISTRY\MACHINE\SOFTWARE\x") == r"HKLM\SOFTWARE\x"
    assert registry_path(r"\REGISTRY\USER\S-1-5-18\x") == r"HKU\S-1-5-18\x"
    assert registry_path(r"\REGISTRY\A\x") == r"\REGISTRY\A\x"
