"""URLs and options: what is a secret by its name is refused, and everything else is checked."""

from __future__ import annotations

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.address import Address, Options, parse, size, span


def options(**given):
    return Options(Address("x", "h"), given, {"token": "t"})


@pytest.mark.parametrize(
    "url",
    [
        "https://u:p@h",
        "https://u@h",
        "x://h?password=1",
        "x://h?api_key=1",
        "x://h?my-token=1",
        "x://h?AccessKey=1",
        "x://h?a.secret=1",
    ],
)
def test_secrets_in_urls_are_refused_without_being_repeated(url):
    with pytest.raises(ExportError) as error:
        parse(url)
    assert "u:p" not in str(error.value)


@pytest.mark.parametrize("name", ["keep", "keystore", "tokens_per_day", "index", "key", "ca"])
def test_other_names_are_options(name):
    assert parse(f"x://h?{name}=1").query == {name: "1"}


@pytest.mark.parametrize("url", ["", "x", "/tmp/x", "http://[", "x://h#part"])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ExportError, match="--to"):
        parse(url)


def test_parts_of_urls():
    assert parse("-").scheme == "stdout"
    found = parse("Kafka://a:1,b:2/t%20x?q=%2F")
    assert (found.scheme, found.netloc, found.path, found.query) == ("kafka", "a:1,b:2", "/t x", {"q": "/"})
    assert found.shown == "kafka://a:1,b:2/t x"
    assert parse("s://h").host(7) == ("h", 7)
    assert parse("s://[::1]:9").host(7) == ("::1", 9)
    for bad in ("s://", "s://h:x", "s://h:99999", "s://h"):
        with pytest.raises(ExportError, match="HOST:PORT"):
            parse(bad).host()


@pytest.mark.parametrize(
    ("call", "value", "said"),
    [
        (lambda o: o.flag("a", default=False), "maybe", "true or false"),
        (lambda o: o.choice("a", ("x", "y")), "z", "one of x, y"),
        (lambda o: o.number("a", 1), "-1", "at least 1"),
        (lambda o: o.number("a", 1), "²", "at least 1"),
        (lambda o: o.size("a", 1), "5 apples", "a size such as"),
        (lambda o: o.seconds("a", 1), "5y", "a time span"),
    ],
)
def test_values_that_do_not_fit(call, value, said):
    with pytest.raises(ExportError, match=said):
        call(options(a=value))


def test_what_nobody_asked_for_is_an_error():
    made = options(indx="1")
    made.text("index")
    made.secret("token")
    with pytest.raises(ExportError, match="did you mean 'index'"):
        made.done()
    with pytest.raises(ExportError, match="takes no secret 'token'"):
        options().done()
    with pytest.raises(ExportError, match="a secret is not an option"):
        options(password="x")


def test_options_go_before_the_query_and_prefixes_are_cut():
    made = Options(parse("x://h?a=1&tag.b=2"), {"a": "3"}, {})
    assert (made.text("a"), made.prefixed("tag."), made.text("c", "d")) == ("3", {"b": "2"}, "d")
    made.done()


@pytest.mark.parametrize(
    ("text", "bytes_"), [("10", 10), ("1KB", 1000), ("1KiB", 1024), ("1.5 MiB", 3 << 19), ("2gb", 2 * 10**9)]
)
def test_sizes(text, bytes_):
    assert size(text) == bytes_


@pytest.mark.parametrize(("text", "seconds"), [("10", 10), ("500ms", 0.5), ("5m", 300), ("1.5h", 5400), ("1d", 86400)])
def test_spans(text, seconds):
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "1x", "-1s", "1 2"])
def test_no_quantities(text):
    for call in (size, span):
        with pytest.raises(ValueError, match=r".*"):
            call(text)
