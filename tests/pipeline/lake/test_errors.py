from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from pipeline.lake.errors import LakeError, QueryError, explain, log_warning, one_line


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EMFILE, errno.EPROTO])
def test_explains_in_one_line_with_place_reason_and_next_step(number):
    error = explain(OSError(number, __import__("os").strerror(number)), Path("/lake"), "writing")
    assert isinstance(error, LakeError)
    place, rest = str(error).split(": ", 1)
    assert place == "/lake"
    assert __import__("os").strerror(number) in rest
    assert rest.count(": ") == 1, "reason: next step"
    assert "\n" not in str(error)


def test_a_query_error_is_a_lake_error():
    assert issubclass(QueryError, LakeError)


def test_one_line_keeps_the_hint_and_drops_the_excerpt():
    text = 'Catalog Error: no table foo!\nDid you mean "bar"?\n\nLINE 1: select * from foo\n                      ^'
    assert one_line(text) == 'Catalog Error: no table foo! Did you mean "bar"?'


def test_warnings_reach_the_log(caplog):
    with caplog.at_level(logging.WARNING):
        log_warning("50 % lost")
    assert caplog.messages == ["50 % lost"]
