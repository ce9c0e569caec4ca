from __future__ import annotations

import zipfile

from tools import winpython


def test_another_recipe_is_another_folder(tmp_path, monkeypatch):
    before = winpython.folder(tmp_path)
    monkeypatch.setattr(winpython, "PACKAGES", ("other",))
    assert winpython.folder(tmp_path) != before
    assert before.parent == tmp_path / "winpython"


def test_path_is_one_of_wines_drive_z(tmp_path):
    (tmp_path / "a").mkdir()
    assert winpython.windows_path(tmp_path / "a") == "Z:" + str(tmp_path / "a").replace("/", "\\")


def test_interpreter_is_unpacked_and_nothing_else(tmp_path):
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("python311.dll", "_ctypes.pyd", "api-ms-win-crt.dll"):
            archive.writestr(f"deploy_libs/{name}", name)
        archive.writestr("panda3d/core.pyd", "no")
    winpython.unpack(wheel, tmp_path / "made")
    found = sorted(p.relative_to(tmp_path / "made").as_posix() for p in (tmp_path / "made").rglob("*") if p.is_file())
    assert found == ["DLLs/_ctypes.pyd", "python311.dll"]


def test_windows_python_sees_no_path_and_no_display_of_the_host(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("DISPLAY", ":0")
    made = winpython.environment(tmp_path, {"WHO": "me"})
    assert not {"PYTHONPATH", "DISPLAY"} & made.keys()
    assert made["WHO"] == "me"
    assert made["WINEPREFIX"] == str(tmp_path / "prefix")


def test_programs_that_a_build_needs_are_named(monkeypatch):
    monkeypatch.setattr(winpython.shutil, "which", lambda _name: None)
    assert set(winpython.NEEDED) <= set(winpython.missing())
