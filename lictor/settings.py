"""Where Lictor keeps its things when nobody says otherwise.

Pure functions of the environment, so that every command answers alike and tests need no machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lictor.system import here

LAKE_VARIABLE = "LICTOR_LAKE"


def lake_path(option: Path | None = None, *, environ: Mapping[str, str] | None = None, uid: int | None = None) -> Path:
    """The lake's folder: ``--lake``, else ``$LICTOR_LAKE``, else the system's for root and the user's own otherwise.

    ``environ`` and ``uid`` default to those of this process.
    """
    environ = os.environ if environ is None else environ
    if option is not None:
        return option
    if environ.get(LAKE_VARIABLE):
        return Path(environ[LAKE_VARIABLE])
    if (here.own_uid() if uid is None else uid) == 0:
        return here.SYSTEM_LAKE
    return here.data_folder(environ) / "lictor"
