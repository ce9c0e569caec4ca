from __future__ import annotations

from collections import Counter
from pathlib import Path

from collectors.replay.etl_file import Problem
from collectors.replay.imported import Counts
from lictor.import_report import SHOWN, lines
from lictor.importing import Imported, summary


def test_a_line_per_file_then_what_could_not_be_read():
    counts = Counts(records=50, rows=9, lost=3)
    counts.tally.decoded = 20
    counts.tally.unknown = Counter({("p\x1b", n, 0): 1 for n in range(SHOWN + 5)})
    for n in range(SHOWN + 2):
        counts.note(Problem(n, "damaged"))
    files = [Imported(Path("a.etl"), "import-1", counts), Imported(Path("b"), refused="b: no trace")]
    told = lines(files, summary(files, Path("lake")))
    assert told[0] == "a.etl: 50 records, 20 decoded, 9 rows as run import-1, 25 unknown, 3 lost when it was recorded"
    assert told[1] == "b: no trace"
    assert "  … and 5 more kinds of unknown records (--format json)" in told
    assert told[-1] == "  … and 3 more errors (--format json)"
    assert not any("\x1b" in line for line in told)
