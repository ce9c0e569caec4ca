"""What no sample trace holds, as rows of a run: an agent's own command line, tool servers, the places it talks to, secrets, hostile names.

These rows are made up, in the form in which the sensor writes such events. They are judged by the policy of their run like all others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from tools.sampling import moving
from tools.sampling.plan import Run

COMMANDS: dict[str, tuple[str, ...]] = {
    "claude-code": (
        "claude -p 'Count the last word too'", "claude --dangerously-skip-permissions -p 'Add retries to the importer'",
        "claude --permission-mode acceptEdits", "claude --mcp-config .mcp.json --resume",
    ),
    "codex": ("codex exec 'Make the tests pass'", "codex --dangerously-bypass-approvals-and-sandbox", "codex -a never"),
    "gemini-cli": ("gemini -p 'Explain this repository'", "gemini --yolo"),
    "opencode": ("opencode run 'Upgrade the dependencies'", "opencode"),
    "shadow-agent": ("python3 agent_loop.py --endpoint http://10.20.0.9:8000/v1",),
}  # fmt: skip
SERVERS = (
    ("/usr/bin/node", "npx -y @modelcontextprotocol/server-filesystem /srv/customers"),
    ("/usr/bin/node", "npx -y @playwright/mcp@0.0.41"),
    ("/usr/bin/python3.11", "uvx mcp-server-git --repository ."),
    ("/usr/bin/docker", "docker run -i --rm mcp/postgres postgresql://reader@10.20.0.5/shop"),
)
"""Programs and command lines of tool servers (MCP)."""
MODELS = {
    "claude-code": ("api.anthropic.com", "160.79.104.10"), "codex": ("api.openai.com", "162.159.140.245"),
    "gemini-cli": ("generativelanguage.googleapis.com", "142.250.74.74"), "opencode": ("openrouter.ai", "104.18.3.115"),
    "shadow-agent": (None, "10.20.0.9"),
}  # fmt: skip
PLACES = (
    ("github.com", "140.82.121.4", 443), ("registry.npmjs.org", "104.16.3.35", 443), ("pypi.org", "151.101.0.223", 443),
    ("files.pythonhosted.org", "151.101.64.223", 443), ("proxy.golang.org", "142.250.74.49", 443),
    ("mirror.corp.example", "10.20.0.80", 8443), (None, "2001:db8:5::17", 443),
)  # fmt: skip
STRANGE = (
    ("transfer.sh", "144.76.136.153", 443),
    (None, "203.0.113.66", 4444),
    ("paste.example.net", "198.51.100.9", 80),
)
SECRETS = (
    ("{home}/.aws/credentials", "credential"), ("{workspace}/.env", "credential"), ("{home}/.kube/config", "credential"),
    ("/srv/customers/2026-q3.csv", "customer-data,personal-data"), ("/srv/customers/iban.csv", "customer-data,financial"),
)  # fmt: skip
"""Files and their labels."""
HOSTILE = (
    "report\nallow by default.txt", "\x1b[2J\x1b[31mall clear\x1b[0m", "invoice\u202efdp.exe", "<script>alert(document.domain)</script>.html",
    "=cmd|'/C calc'!A0.csv", "[click](javascript:alert(1)).md", "$(reboot) `id` ;rm -rf ~", "x" * 180 + ".log",
)  # fmt: skip
"""Names of files that try something with whoever shows them."""
FETCHED = "/.cache/fetched/helper.bin"


def beside(rows: pa.Table, run: Run) -> pa.Table:
    """The rows of a run with those of its asides, in the order of time."""
    rng = random.Random(run.id)  # noqa: S311 - a sample, no secret
    root = rows.slice(0, 1).to_pylist()[0]
    length = rows.column("time_ns")[-1].as_py() - root["time_ns"]
    made = [_row(run, root, round(share * length), event) for share, event in _events(run, root, rng)]
    rows = _started_as_agent(rows, run, rng)
    return pa.concat_tables([rows, pa.Table.from_pylist(made, schema.lake_schema("activity"))]).sort_by("time_ns")


def _started_as_agent(rows: pa.Table, run: Run, rng: random.Random) -> pa.Table:
    """The first row is the agent's start."""
    if run.agent not in COMMANDS:
        return rows
    command = rng.choice(COMMANDS[run.agent])
    changes: dict[str, Any] = {
        "cmdline": command,
        "cmdline_bytes": len(command) + 1,
        "exe": _program(run),
        "path": _program(run),
        "script": None,
    }
    first = rows.slice(0, 1).to_pylist()[0] | changes
    return pa.concat_tables([pa.Table.from_pylist([first], rows.schema), rows.slice(1)])


def _program(run: Run) -> str:
    return {"shadow-agent": "/usr/bin/python3.11", "opencode": "/usr/local/bin/opencode"}.get(
        run.agent, "/usr/bin/node"
    )


def _events(run: Run, root: dict[str, Any], rng: random.Random) -> Iterator[tuple[float, dict[str, Any]]]:
    """What happens beside the recorded session, each with its place between begin (0) and end (1)."""
    agent = {"process_key": root["process_key"], "pid": root["pid"], "tid": root["pid"], "exe": _program(run)}
    if run.agent in MODELS:
        name, address = MODELS[run.agent]
        for i in range(rng.randint(2, 5)):
            yield 0.02 + 0.18 * i, agent | _connect(name, address, 443 if name else 8000)
    if rng.random() < 0.4 and run.agent in COMMANDS:
        yield from _child(run, root, rng.choice(SERVERS), 0.03, 0.97)
    for name, address, port in rng.sample(PLACES, rng.randint(0, 3)):
        yield rng.uniform(0.1, 0.9), agent | _connect(name, address, port)
    for path, labels in rng.sample(SECRETS, rng.choice((0, 0, 1, 2))):
        yield (
            rng.uniform(0.3, 0.6),
            agent | _file("file.read", path.format(home=run.home, workspace=run.workspace), labels),
        )
    if run.sample == "attack" or rng.random() < 0.08:
        yield 0.7, agent | _connect(*rng.choice(STRANGE))
    if rng.random() < 0.15:
        yield rng.uniform(0.3, 0.6), agent | _file("file.create", f"{run.workspace}/{rng.choice(HOSTILE)}")
    if run.policy == "careful" and run.goes_on:
        yield 0.6, agent | _connect(*STRANGE[0])
    if run.policy == "careful" and rng.random() < 0.5:
        yield 0.8, agent | _file("file.create", run.workspace + FETCHED)


def _child(
    run: Run, root: dict[str, Any], program: tuple[str, str], begin: float, end: float
) -> Iterator[tuple[float, dict[str, Any]]]:
    """A process that the agent starts: made, its program begun, and ended."""
    key, pid = moving.salt(run) ^ (1 << 61), root["pid"] + 7
    parent = {"process_key": root["process_key"], "pid": root["pid"], "tid": root["pid"], "exe": _program(run)}
    me = {"process_key": key, "pid": pid, "tid": pid, "parent_key": root["process_key"], "exe": program[0]}
    yield begin, parent | {"class": "process", "operation": "fork", "child_key": key, "child_pid": pid}
    started = {"cmdline": program[1], "cmdline_bytes": len(program[1]) + 1, "path": program[0]}
    yield begin + 0.001, me | {"class": "process", "operation": "exec"} | started
    yield end, me | {"class": "process", "operation": "exit", "exit_code": 0}


def _connect(name: str | None, address: str, port: int) -> dict[str, Any]:
    return {
        "class": "network", "operation": "net.connect", "protocol": "tcp", "dst_ip": address, "dst_port": port,
        "dst_name": name, "dst_name_from": "dns" if name else None,
    }  # fmt: skip


def _file(operation: str, path: str, labels: str | None = None) -> dict[str, Any]:
    intent = "read" if operation == "file.read" else "write,create"
    return {"class": "file", "operation": operation, "intent": intent, "path": path, "labels": labels, "mode": 0o100644}


def _row(run: Run, root: dict[str, Any], after: int, event: dict[str, Any]) -> dict[str, Any]:
    """A row as the sensor writes it; the columns of time for one row are the arrays' only values."""
    times = {name: pc.cast(column, column.type)[0].as_py() for name, column in moving.when(run, [after]).items()}
    common = {n: root[n] for n in ("source", "cpu", "initiator", "initiator_evidence", "cwd")}
    return times | common | moving.who(run) | {"uid": run.uid, "outcome": "success", "errno": 0} | event
