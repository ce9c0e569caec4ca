r"""What the service is called and where its things lie: ``%ProgramData%\Lictor`` holds ``policies``, ``lake`` and ``log``."""

from __future__ import annotations

from lictor.system import here

NAME, TITLE = "Lictor", "Lictor"
ABOUT = "Records what AI agents on this computer do, judges it against policy, and stops what must not happen."

HOME = here.SYSTEM_LAKE.parent
POLICIES, LAKE, LOG, RUN = "policies", "lake", "log", "run"
"""Folders below the home. ``run`` is where users find the service; it has an access list of its own and is never sealed."""

LOG_FILE = "service.log"

NOT_WINDOWS = "only Windows has a service manager; elsewhere: lictor watch"
