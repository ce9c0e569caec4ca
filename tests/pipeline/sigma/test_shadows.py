"""Distinct events with the columns that rules ask of, and back to their rows."""

import duckdb
import pyarrow as pa
import pytest

from pipeline.sigma.shadows import build


@pytest.fixture
def connection():
    with duckdb.connect() as made:
        given = {"row": [0, 1, 2, 3], "Image": ["/A", "/A", "/B", None], "CommandLine": ["X y", "X y", "Ö", "z"], "DestinationIp": ["10.0.0.1", "10.0.0.1", "no", None]}  # fmt: skip
        made.register("given", pa.table(given))
        yield made


FIELDS = ["CommandLine", "DestinationIp", "Image"]
WANTED = {("l", "Image"), ("r", "CommandLine"), ("l", "CommandLine"), ("i", "DestinationIp"), ("l", "*")}


def test_equal_events_are_one_and_know_their_rows(connection):
    assert build(connection, "SELECT * FROM given", FIELDS, WANTED) == 3
    found = connection.execute(
        'SELECT rows, "l:Image", "r:CommandLine", "l:CommandLine", "i:DestinationIp", "l:*" FROM raw JOIN events USING (event)'
    ).fetchall()
    assert sorted((sorted(r), *rest) for r, *rest in found) == [
        ([0, 1], "/a", "X y", "x y", "40a000001", "x y\n10.0.0.1\n/a"), ([2], "/b", "Ö", "ö", None, "ö\nno\n/b"), ([3], None, "z", "z", None, "z"),
    ]  # fmt: skip


def test_combinations_are_those_of_fields_with_few_values(connection):
    build(connection, "SELECT * FROM given", FIELDS, WANTED)
    assert sorted(connection.execute('SELECT "l:Image" FROM combinations').fetchall(), key=str) == [
        ("/a",),
        ("/b",),
        (None,),
    ]
    mixed = 'SELECT count(DISTINCT e."l:Image") FROM events e GROUP BY combination'
    assert {n for (n,) in connection.execute(mixed).fetchall()} <= {0, 1}


def test_without_an_event_there_is_nothing_to_ask(connection):
    assert build(connection, "SELECT * FROM given WHERE false", FIELDS, WANTED) == 0


def test_a_second_pass_forgets_the_first(connection):
    build(connection, "SELECT * FROM given", FIELDS, WANTED)
    assert build(connection, "SELECT * FROM given WHERE row = 3", ["Image"], {("r", "Image")}) == 1
    assert connection.execute("SELECT count(*) FROM combinations").fetchall() == [(1,)]
