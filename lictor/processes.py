"""Single processes as this system knows them: their keys, whether they live, their end."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from enforcer.windows.process import alive, file_name, in_run_group, kill_process, wait_gone
    from enforcer.windows.process import key as process_key
    from enforcer.windows.process import program as program_of
else:
    from collectors.identity import process_key_from_proc as process_key
    from enforcer.linux.cgroupfs import in_run_cgroup as in_run_group
    from enforcer.linux.process import alive, file_name, kill_process, program_of, wait_gone

__all__ = ["alive", "file_name", "in_run_group", "kill_process", "process_key", "program_of", "wait_gone"]
