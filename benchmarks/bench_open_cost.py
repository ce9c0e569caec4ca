"""What the sensor costs the process that it watches, and the one that it does not.

The load generator tells its own processor time per operation, kernel included. Opens are
compared tagged, untagged beside the attached sensor, and without a sensor; a system call that
nobody traces (getppid) is compared with and without the sensor, and with three programs that
do nothing but look for a tag, attached as ``tp_btf``, ``raw_tp`` and a classic tracepoint (where
tracefs is mounted): the ways to attach, measured. The rounds are interleaved, since the machine drifts.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cost import cost, shown
from benchmarks.load import compiled
from collectors.ebpf.collector import EbpfCollector
from collectors.interface import CollectorError
from collectors.kernel.libbpf import Object
from enforcer.linux.kernel import InstalledPolicy
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import read_policies

ROUNDS = 7
OPENS = 60_000
CALLS = 1_500_000
POLICY = Path(__file__).parents[1] / "policies" / "coding-agent.yaml"

VARIANT = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct task_struct { void *bpf_storage; } __attribute__((preserve_access_index));
SEC("%s/sys_exit") int probe(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	return task->bpf_storage != 0;
}
char LICENSE[] SEC("license") = "GPL";
"""


@contextmanager
def sensor() -> Iterator[EbpfCollector]:
    """The attached sensor."""
    collector = EbpfCollector(None)
    collector.open()
    try:
        yield collector
    finally:
        collector.close()


@contextmanager
def variant(way: str, folder: Path) -> Iterator[None]:
    """A bare filter at the return of every system call, attached in one way."""
    source, built = folder / "variant.c", folder / "variant.o"
    source.write_text(VARIANT % way)
    multiarch = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True, check=False).stdout.strip()
    clang = ["clang", "-O2", "-g", "-target", "bpf", "-mcpu=v3", f"-I/usr/include/{multiarch}"]
    subprocess.run([*clang, "-c", str(source), "-o", str(built)], check=True)
    loaded = Object(built, {})
    try:
        for program in loaded.programs():
            loaded.attach(program)
        yield
    finally:
        loaded.close()


def opens(program: Path) -> None:
    """Cost of an open: nobody watches, the sensor is there, the opener is tagged, and is under a policy."""
    context = RunContext("/home/u/project", "/root", {}, "root", "host", "codex")
    plan = kernel_plan(compile_policies(read_policies([POLICY]), context))
    rows: dict[str, list[float]] = {"no sensor": [], "untagged": [], "tagged": [], "tagged, under a policy": []}
    for _ in range(ROUNDS):
        rows["no sensor"].append(cost(program, "open", OPENS))
        with sensor() as collector:
            rows["untagged"].append(cost(program, "open", OPENS))
            rows["tagged"].append(cost(program, "open", OPENS, collector))
            installed = InstalledPolicy(plan, 1, collector.map, collector.seed)
            bits = installed.exe_bits(str(program))
            rows["tagged, under a policy"].append(cost(program, "open", OPENS, collector, scope=1, exe_bits=bits))
            installed.remove()
    for name, figures in rows.items():
        limit = "   (must: 2000)" if name.startswith("tagged") else ""
        print(shown(f"open+close, {name}", figures, rows["no sensor"], limit))


def calls(program: Path, folder: Path) -> None:
    """Cost of a system call that nobody traces, for an untagged process."""
    rows: dict[str, list[float]] = {"no sensor": [], "the sensor": []}
    for _ in range(ROUNDS):
        rows["no sensor"].append(cost(program, "getppid", CALLS))
        with sensor():
            rows["the sensor"].append(cost(program, "getppid", CALLS))
        for way in ("tp_btf", "raw_tp", "tracepoint/raw_syscalls"):
            name = f"a bare filter as {way.split('/')[0]}"
            try:
                with variant(way, folder):
                    rows.setdefault(name, []).append(cost(program, "getppid", CALLS))
            except CollectorError as error:
                rows.setdefault(f"{name}: {error}", [])
    for name, figures in rows.items():
        if figures:
            print(
                shown(f"getppid, {name}", figures, rows["no sensor"], "   (must: 200)" if name == "the sensor" else "")
            )
        else:
            print(f"getppid, {name}")


def main() -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(Path(folder))
        opens(program)
        calls(program, Path(folder))


if __name__ == "__main__":
    main()
