"""What a replay says: sums and denied rows for a person, the denied rows for a program, and differences.

Expected verdicts are compared and written here too, so that the command only decides what to ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from lictor import render, verdicts
from lictor.errors import LictorError
from lictor.formats import Format
from lictor.sessions import EXPECTED, Replayed
from lictor.values import cell
from pipeline import schema
from pipeline.escape import visible

DENIED_COLUMNS = ("time", "pid", "exe", "operation", "object", "verdict", "rule", "policy", "severity")


def compare(one: Replayed, expected: verdicts.Sums | None) -> None:
    """Note where the verdicts differ from the expected ones, if any are expected."""
    if expected is not None:
        one.differences = verdicts.differences(expected, one.outcome.sums)


def write_expected(one: Replayed, target: Path | None) -> None:
    """Write ``expected.json`` (beside the trace unless a file is named); raises ``LictorError``."""
    path = target or one.session.trace.with_name(EXPECTED)
    text = verdicts.expected_text(one.outcome.sums)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LictorError(f"{path}: cannot be written: {error.strerror}; choose another file with --expect") from error
    render.say(f"{path}: {len(one.outcome.sums):,} expected verdicts written")


def tell(played: Sequence[Replayed], fmt: Format, output: Path | None) -> None:
    """A table tells everything; the other formats give the denied rows, and remarks go to standard error."""
    remarks = [line for one in played for line in _remarks(one)]
    if fmt is not Format.table or output is not None:
        render.emit(pa.concat_tables([one.outcome.denied for one in played]), fmt, output)
        for line in remarks:
            render.say(line)
        for one in played:
            _tell_differences(one, render.say)
        return
    for one in played:
        _tell_one(one)


def object_of(rows: pa.Table) -> pa.Array:
    """What a row was about, as one text: path, both paths, or address."""
    made = verdicts.endpoint(rows, "dst").to_pylist(), verdicts.endpoint(rows, "src").to_pylist()
    paths = rows.column("path").to_pylist(), rows.column("path_to").to_pylist()
    lines = [" → ".join(filter(None, p)) or d or s for p, d, s in zip(zip(*paths, strict=True), *made, strict=True)]
    return pa.array(lines, pa.string())


def _tell_one(one: Replayed) -> None:
    first, *others = _remarks(one)
    print(visible(first))
    for line in others:
        print(visible(f"  {line}"))
    print()
    render.emit(_sums_table(one.outcome.sums), Format.table)
    if one.outcome.denied.num_rows:
        print("\nDenied:")
        render.emit(_denied_table(one.outcome.denied), Format.table)
    _tell_differences(one, lambda line: print(visible(line)))


def _tell_differences(one: Replayed, say: Callable[[str], None]) -> None:
    if one.differences is None:
        return
    if not one.differences:
        say(f"{one.session.trace}: all {len(one.outcome.sums):,} expected verdicts are given")
        return
    say(f"{one.session.trace}: not as expected in {one.session.expected}: {len(one.differences):,} different")
    names = [k for k in (*verdicts.KEYS, "expected", "found") if any(k in row for row in one.differences)]
    rows = [[cell(row.get(name)) for name in names] for row in one.differences]
    for line in render.plain_table(names, rows, frozenset(range(len(names) - 2, len(names)))):
        say(line)


def _remarks(one: Replayed) -> list[str]:
    outcome, where = one.outcome, one.where
    denied = sum(n for key, n in outcome.sums.items() if key[verdicts.KEYS.index("verdict")] in verdicts.DENIED)
    policy = f"policy {one.policy}" if one.policy else "no policy: nothing was judged (--policy FILE)"
    lines = [f"{one.session.trace}: {outcome.rows:,} rows, {outcome.runs.num_rows} run(s), {policy}, {denied:,} denied"]
    lines += [f"policy {name} does not apply to this session (its scope names others)" for name in one.out_of_scope]
    if one.policy and where.guessed:
        said = ", ".join(f"{name} {getattr(where, name)}" for name in where.guessed)
        lines.append(f"the trace does not say where it was recorded; taken: {said} (set with --workspace, --home)")
    if denied > outcome.denied.num_rows:
        lines.append(f"only the first {outcome.denied.num_rows:,} denied rows are kept for showing")
    return lines


def _sums_table(sums: verdicts.Sums) -> pa.Table:
    """Rows by verdict and rule, strongest verdict first."""
    counts: dict[tuple[str | None, str | None], int] = {}
    for key, n in sums.items():
        what = key[verdicts.KEYS.index("verdict")], key[verdicts.KEYS.index("rule")]
        counts[what] = counts.get(what, 0) + n
    order = sorted(counts, key=lambda k: (-schema.VERDICTS.index(k[0]) if k[0] else 1, k[1] or ""))
    columns = {
        "verdict": [verdict or "(not judged)" for verdict, _ in order],
        "rule": [rule for _, rule in order],
        "rows": [counts[k] for k in order],
    }
    return pa.table({n: pa.array(v, pa.int64() if n == "rows" else pa.string()) for n, v in columns.items()})


def _denied_table(rows: pa.Table) -> pa.Table:
    shown = rows.append_column("object", object_of(rows))
    return shown.select([n for n in DENIED_COLUMNS if shown.column(n).null_count < shown.num_rows])
