"""Text that an agent may have chosen, made harmless before a page shows it.

Names, paths and command lines can hold line breaks, terminal codes, letters that turn the direction of writing, or markup.
In cells and ``st.text`` every character without a visible form is written as an escape; in labels, which Streamlit reads as
Markdown, markup is escaped as well.
"""

from __future__ import annotations

import re

import pyarrow as pa

from pipeline.escape import visible

LONGEST_LABEL = 80
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$^=&@/\"'])")


def label(value: object, longest: int = LONGEST_LABEL) -> str:
    """A value as the text of a label, a tab or a button: shortened in the middle, without markup."""
    text = shortened(visible(str(value)), longest)
    return _MARKUP.sub(r"\\\1", text)


def badge(value: object, longest: int = LONGEST_LABEL) -> str:
    """The same for ``st.badge``, which escapes brackets by itself."""
    return label(value, longest).replace("\\[", "[").replace("\\]", "]")


def shortened(text: str, longest: int) -> str:
    """At most so many characters, with the middle left out: begin and end of a path tell most."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[: longest - 1 - half]}…{text[-half:]}"


def table(rows: pa.Table) -> pa.Table:
    """The same rows with every text visible as it is; each distinct value is looked at once."""
    for position, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type):
            rows = rows.set_column(position, field.name, _column(rows.column(position)))
    return rows


def _column(column: pa.ChunkedArray) -> pa.Array:
    coded = column.combine_chunks()
    coded = coded if pa.types.is_dictionary(coded.type) else coded.dictionary_encode()
    values = pa.array([None if v is None else visible(v) for v in coded.dictionary.to_pylist()], pa.string())
    return values.take(coded.indices)
