from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.events import parse_event


def test_words_and_json_mean_the_same():
    words = parse_event("file.write path='/a b' exe=/usr/bin/cat intent=read,write")
    assert words == parse_event(
        '{"on": "file.write", "path": "/a b", "exe": "/usr/bin/cat", "intent": ["read", "write"]}'
    )


def test_short_names_and_numbers():
    event = parse_event("net.connect ip=1.2.3.4 port=443")
    assert (event.dst_ip, event.dst_port) == ("1.2.3.4", 443)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begin with the operation"),
        ("path=/x", "begin with the operation"),
        ("file.read /x", "'/x': write KEY=VALUE"),
        ("file.reed path=/x", "did you mean 'file.read'?"),
        ("file.read pth=/x", "did you mean 'path'?"),
        ("file.read path='", "No closing quotation"),
        ("{", "not JSON"),
        ("net.connect port=x", "dst_port"),
    ],
)
def test_what_is_wrong_is_named(text, said):
    with pytest.raises(LictorError, match="--event: ") as caught:
        parse_event(text)
    assert said in str(caught.value)
