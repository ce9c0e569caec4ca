from __future__ import annotations

import pyarrow as pa

from collectors.numbering import Numbering
from pipeline import schema


def test_numbers_go_on_from_batch_to_batch():
    numbering = Numbering("b")
    rows = schema.batch(
        "activity", {"class": pa.array(["file", "dns", "file"]).dictionary_encode().cast(schema.DICTIONARY)}
    )
    assert numbering.batch(rows).column("seq").to_pylist() == [1, 1, 2]
    again = numbering.batch(rows)
    assert again.column("seq").to_pylist() == [3, 2, 4]
    assert set(again.column("boot_id").to_pylist()) == {"b"}
    assert numbering.given["file"] == 4
