"""Patches as Codex writes them."""

from __future__ import annotations

from lictor.hooks.patches import patch_acts

PATCH = """*** Begin Patch
*** Add File: new.py
+*** Delete File: never
*** Update File: old.py
*** Move to: moved.py
@@ def f():
-x
+y
 *** Delete File: context
*** Update File: two.py
@@
+z
*** Delete File: gone.py
*** End Patch
"""


def test_each_file_of_a_patch_gives_its_acts(house):
    (house.repo / "old.py").write_text("x")
    acts = [
        (a.on, a.path.removeprefix(f"{house.repo}/")) for a in patch_acts(PATCH, str(house.repo), house.around, None)
    ]
    assert acts == [
        ("file.create", "new.py"),
        ("file.read", "old.py"),
        ("file.write", "old.py"),
        ("file.create", "moved.py"),
        ("file.delete", "old.py"),
        ("file.read", "two.py"),
        ("file.create", "two.py"),
        ("file.delete", "gone.py"),
    ]


def test_heads_may_have_spaces_before_them_where_codex_takes_them(house):
    patch = "*** Begin Patch\n  *** Add File: a\n+x\n *** Delete File: b\n*** End Patch"
    assert [a.on for a in patch_acts(patch, str(house.repo), house.around, None)] == ["file.create", "file.delete"]


def test_what_is_no_patch_names_no_files(house):
    assert patch_acts("", "/", house.around, None) == []
    assert patch_acts("*** Move to: x\n+++ b/x", "/", house.around, None) == []
