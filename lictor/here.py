"""Who Lictor is on this system, and where its folders are."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from lictor.system.windows import (
        SYSTEM_LAKE,
        SYSTEM_RUNTIME,
        data_folder,
        home_of,
        is_ours,
        make_folder,
        own_uid,
        pattern_path,
        user_name,
        user_of,
        user_runtime,
    )  # fmt: skip
else:
    from lictor.system.posix import (
        SYSTEM_LAKE,
        SYSTEM_RUNTIME,
        data_folder,
        home_of,
        is_ours,
        make_folder,
        own_uid,
        pattern_path,
        user_name,
        user_of,
        user_runtime,
    )  # fmt: skip

__all__ = [
    "SYSTEM_LAKE", "SYSTEM_RUNTIME", "data_folder", "home_of", "is_ours", "make_folder", "own_uid", "pattern_path",
    "user_name", "user_of", "user_runtime",
]  # fmt: skip
