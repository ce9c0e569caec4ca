"""Commands that are really run under the sensor, and the Sigma rules that they must (and must not) hit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline.lake.reader import Lake
from pipeline.sigma.compile import Compiler, rule_files
from pipeline.sigma.run import matches

ROOT = Path(__file__).resolve().parents[2]

COMMANDS = {
    "Decode Base64 Encoded Text": "printf QQ== > {d}/b64; base64 -d {d}/b64",
    "Shell Invocation via Env Command - Linux": "env /bin/sh -c true",
    "Suspicious Invocation of Shell via AWK - Linux": "awk 'BEGIN {{system(\"/bin/sh -c true\")}}'",
    "Copy Passwd Or Shadow From TMP Path": "printf x > {d}/passwd; cp {d}/passwd {d}/copy",
    "Chmod Targeting Sensitive Directories": "chmod 600 {d}/b64",
    "Python One-Liners with Base64 Decoding - Linux": "python3 -c 'import base64; base64.b64decode(\"QQ==\").decode()'",
    "Python Spawning Pretty TTY Via PTY Module": "python3 -c 'import pty; pty.spawn(\"true\")'",
    "Print History File Contents": "printf x > {d}/.bash_history; cat {d}/.bash_history",
    "History File Deletion": "rm {d}/.bash_history",
    "Access of Sudoers File Content": "cat /etc/sudoers || true",
    "Linux Recon Indicators": "find {d} -name .htpasswd",
    "Touch Suspicious Service File": "touch -t 202501010000 {d}/x.service",
    "Linux Shell Pipe to Shell": "sh -c 'echo true | sh '",
    "UNC4841 - Barracuda ESG Exploitation Indicators": "mkdir -p {d}/tmp; printf x > {d}/tmp/p7",
    "Linux Reverse Shell Indicator": "bash -c 'exec 3<>/dev/tcp/127.0.0.2/9' || true",
}
"""SigmaHQ's title of a rule, and what does (harmlessly) what it looks for."""

CLEAN = "cd {d}; mkdir -p work/src; printf 'print(1)' > work/src/a.py; python3 work/src/a.py; cat work/src/a.py; wc -l work/src/a.py; sort work/src/a.py"


def recorded(script, lake):
    """The activity rows of a script that ran under ``lictor run``."""
    command = [
        sys.executable,
        "-c",
        "from lictor.cli.app import main; main()",
        "run",
        "--quiet",
        "--lake",
        str(lake),
        "--",
        "bash",
        str(script),
    ]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 0, ended.stderr
    return Lake(lake).query("SELECT * FROM activity")


def hit(bundle, rows):
    with duckdb.connect() as connection:
        found = set(matches(connection, bundle, rows)["rule_id"].to_pylist())
    return {r.title for r in bundle.rules if r.id in found}


@pytest.fixture(scope="module")
def linux():
    """SigmaHQ's Linux rules."""
    root = Path(os.environ.get("LICTOR_SIGMA", ""))
    if not os.environ.get("LICTOR_SIGMA") or not (root / "rules" / "linux").is_dir():
        pytest.skip("LICTOR_SIGMA names no checkout of github.com/SigmaHQ/sigma")
    compiler = Compiler()
    for folder in ("rules/linux", "rules-emerging-threats", "rules-threat-hunting/linux"):
        for path in rule_files(root / folder):
            if "linux" in path.as_posix() or "_lnx_" in path.name:
                compiler.file(path, path.name)
    return compiler.bundle()


@pytest.mark.kernel
def test_each_command_hits_its_rule(linux, tmp_path):
    (tmp_path / "s.sh").write_text("\n".join(c.format(d=tmp_path) for c in COMMANDS.values()) + "\n")
    assert set(COMMANDS) - hit(linux, recorded(tmp_path / "s.sh", tmp_path / "lake")) == set()


@pytest.mark.kernel
def test_plain_work_hits_nothing_above_low(linux, tmp_path):
    (tmp_path / "s.sh").write_text(CLEAN.format(d=tmp_path) + "\n")
    # The script lies below /tmp, where the tests' folder is, and a rule of SigmaHQ is about just that.
    told = hit(
        linux.__class__(tuple(r for r in linux.rules if r.level in {"medium", "high", "critical"}), (), {}, "", ""),
        recorded(tmp_path / "s.sh", tmp_path / "lake"),
    )
    assert told <= {"Execution Of Script Located In Potentially Suspicious Directory"}


OWN = """\
title: shell by another name
id: 00000000-0000-4000-8000-000000000001
logsource: { product: linux, category: process_creation }
detection: { s: { Image|endswith: /my-tool, ParentImage|endswith: /bash, CommandLine: my-tool a b }, condition: s }
"""


@pytest.mark.kernel
def test_a_program_called_by_another_name_with_quotes_and_its_parent(tmp_path):
    (tmp_path / "rule.yml").write_text(OWN)
    (tmp_path / "s.sh").write_text("(exec -a my-tool /bin/cat 'a b'); true\n")
    compiler = Compiler()
    compiler.file(tmp_path / "rule.yml", "rule.yml")
    assert hit(compiler.bundle(), recorded(tmp_path / "s.sh", tmp_path / "lake")) == {"shell by another name"}
