"""What the compiling process puts together; that it compiles, attaches and touches nothing is seen in test_loading."""

from __future__ import annotations

import re

from collectors.bcc import compiler

TEXTS = {part: (compiler.SENSOR / part).read_text() for part in compiler.PARTS}


def test_every_text_of_the_folder_is_part_of_the_program():
    assert {file.name for file in compiler.SENSOR.glob("*.c")} == set(compiler.PARTS)


def test_maps_that_are_handed_over_are_in_the_programs():
    found = set(
        re.findall(r"^BPF_(?:HASH|ARRAY|PERCPU_ARRAY|PROG_ARRAY|RINGBUF_OUTPUT)\((\w+)", TEXTS["maps.c"], re.MULTILINE)
    )
    found |= set(re.findall(r"^BPF_TABLE\(\"\w+\", \w+, [\w ]+, (\w+)", TEXTS["maps.c"], re.MULTILINE))
    assert set(compiler.MAPS) <= found


def test_programs_that_others_go_on_in_have_the_numbers_that_they_are_called_by():
    (body,) = re.findall(r"enum part \{(.*?)\}", TEXTS["returned.c"])
    numbers = {name.lower(): int(value) for name, value in re.findall(r"(\w+) = (\d+)", body)}
    assert numbers == {name: at for at, name in enumerate(compiler.CONTINUED)}


def test_nothing_depends_on_functions_or_structures_of_a_kernel():
    """Tracepoints stay as they are from kernel to kernel; probes of functions, and pointers into structures, do not."""
    whole = "".join(TEXTS.values())
    assert not re.search(r"\bkprobe|kretprobe|KFUNC_PROBE|LSM_PROBE|bpf_get_current_task", whole)
    # The one thing of the kernel's memory that is read are the registers that the tracepoint hands over.
    assert re.findall(r"bpf_probe_read_kernel\(&(\w+)", whole) == ["regs"]


def test_it_stands_alone_so_that_the_system_folder_of_packages_reaches_nobody_else():
    imported = re.findall(r"^(?:from|import) (\w+)", (compiler.SENSOR.parent / "compiler.py").read_text(), re.MULTILINE)
    assert not {"collectors", "pipeline", "numpy"} & set(imported)
