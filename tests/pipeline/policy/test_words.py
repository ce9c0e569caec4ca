from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator, TypeAdapter, ValidationError

from pipeline.policy.words import near, wrong


def test_a_near_name_is_suggested_and_nothing_else():
    assert near("raed", ["read", "write"]) == "; did you mean 'read'?"
    assert near("zzz", ["read"]) == ""
    assert near("x", []) == ""


@pytest.mark.parametrize("text", ["plain", "with {braces} and {0}", "100 %s", ""])
def test_an_error_says_its_text_as_it_stands(text):
    def refuse(_value):
        raise wrong(text)

    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[str, AfterValidator(refuse)]).validate_python("x")
    assert [e["msg"] for e in caught.value.errors()] == [text]
