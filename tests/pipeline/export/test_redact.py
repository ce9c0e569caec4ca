"""What rules take out is gone from every table, however its columns are kept; what they leave stays as it was."""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.redact import HASHED, MASK, RedactError, hashed, masked, parse, redact

KEY = b"0123456789abcdef"


def lake_rows(table):
    """Two rows of a table as the lake keeps them, dictionaries and all; each second value is NULL."""
    columns = {}
    for column in schema.TABLES[table]:
        values = [f"{column.name} password=hunter2" if column.type == schema.TEXT else 7, None]
        stored = schema.lake_schema(table).field(column.name).type
        plain = pa.array(values, pa.int64() if column.type == schema.TIME else column.type)
        columns[column.name] = pa.chunked_array([plain.cast(stored), plain.slice(1).cast(stored)])
    return pa.table(columns)


@pytest.mark.parametrize("table", schema.TABLES)
@pytest.mark.parametrize("act", ["drop", "hash", "mask"])
def test_every_column_of_every_table(table, act):
    rows = lake_rows(table)
    texts = [c.name for c in schema.TABLES[table] if c.type == schema.TEXT]
    chosen = [c.name for c in schema.TABLES[table]] if act == "drop" else texts
    for name in chosen:
        made = redact(table, rows, parse([f"{act}:{table}.{name}"], KEY))
        assert made.drop_columns([c for c in made.schema.names if c == name]).equals(rows.drop_columns([name]))
        if act == "drop":
            assert name not in made.schema.names
        else:
            wanted = f"{name} password={MASK}" if act == "mask" else one(f"{name} password=hunter2")
            assert made[name].to_pylist() == [wanted, None, None]


def one(value):
    """A keyed hash by the standard library alone."""
    return HASHED + hmac.new(KEY, value.encode(), hashlib.sha256).hexdigest()[:32]


def test_dictionaries_plain_columns_and_slices_give_the_same():
    plain = pa.chunked_array([["a", None, "b --token=x"], ["a"]])
    dictionary = plain.cast(pa.dictionary(pa.int32(), pa.string()))
    for text in ("hash:cmdline", "mask:cmdline"):
        made = [
            redact("activity", pa.table({"cmdline": c}), parse([text], KEY))["cmdline"] for c in (plain, dictionary)
        ]
        assert made[0].equals(made[1])
        part = redact("activity", pa.table({"cmdline": dictionary}).slice(2), parse([text], KEY))["cmdline"]
        assert part.to_pylist() == made[0].to_pylist()[2:]


def test_rule_without_table_is_for_all_tables_and_with_one_for_it_alone():
    rows = pa.table({"user": ["alice"], "host": ["box"]})
    everywhere, runs = parse(["drop:user,host"]), parse(["drop:runs.user"])
    assert redact("activity", rows, everywhere).schema.names == []
    assert redact("activity", rows, runs).equals(rows)
    assert redact("runs", rows, runs).schema.names == ["host"]


def test_rules_follow_one_another_and_no_rule_changes_nothing():
    rows = pa.table({"cmdline": ["x --token=t"]})
    made = redact("activity", rows, parse(["mask:cmdline", "hash:cmdline"], KEY))
    assert made["cmdline"].to_pylist() == [one(f"x --token={MASK}")]
    assert redact("activity", rows, []).equals(rows)
    assert redact("activity", rows.slice(0, 0), parse(["hash:cmdline"], KEY)).num_rows == 0


@given(st.lists(st.none() | st.text()))
def test_hashes_are_those_of_the_standard_library(values):
    assert hashed(pa.array(values, pa.string()), KEY).to_pylist() == [None if v is None else one(v) for v in values]


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("curl -H 'Authorization: Bearer SECRETSECRET' https://h", "curl -H 'Authorization: [masked]' https://h"),
        ('curl -H "X-Api-Key: SECRET" h', 'curl -H "X-Api-Key: [masked]" h'),
        ("curl -s -u bob:SECRET https://h", "curl -s -u bob:[masked] https://h"),
        ("git clone https://bob:SECRET@h/a.git", "git clone https://bob:[masked]@h/a.git"),
        ("wget https://h/?access_token=SECRET&x=1", "wget https://h/?access_token=[masked]&x=1"),
        ("psql --password SECRET -h h", "psql --password [masked] -h h"),
        ("tool --password='SECRET words' -v", "tool --password=[masked] -v"),
        ("env AWS_SECRET_ACCESS_KEY=SE/CR+ET make", "env AWS_SECRET_ACCESS_KEY=[masked] make"),
        ("sshpass -p SECRET ssh h", "sshpass -p [masked] ssh h"),
        ("mysql -u root -phunter2 db", "mysql -u root -p[masked] db"),
        ('{"api_key": "SEC\\"RET", "a": 1}', '{"api_key": "[masked]", "a": 1}'),
        ("echo AKIA0123456789ABCDEF", "echo [masked]"),
        ("x sk-ant-api03-SECRETSECRETSECRET y", "x [masked] y"),
        ("x ghp_0123456789abcdefghij0123456789abcdef", "x [masked]"),
        ("x eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl y", "x [masked] y"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n-----END OPENSSH PRIVATE KEY----- x", "[masked] x"),
    ],
)  # fmt: skip
def test_secrets_in_command_lines_are_masked(command, left):
    assert masked(pa.array([command, None])).to_pylist() == [left, None]


@pytest.mark.parametrize(
    "command",
    [
        "",
        "ls -la /home",
        "git commit -m 'basic auth'",
        "python -m pytest -p no:randomly",
        "curl -u https://h",
        "cat tokens.txt",
        "tar -pxf a",
    ],
)
def test_plain_commands_stay_as_they_are(command):
    assert masked(pa.array([command])).to_pylist() == [command]


@given(st.text())
def test_masking_twice_is_masking_once(text):
    (once,) = masked(pa.array([f"x --token={text}"])).to_pylist()
    assert masked(pa.array([once])).to_pylist() == [once]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("cmdline", "'cmdline' is no redaction: write drop:COLUMN, hash:COLUMN or mask:COLUMN"),
        ("drop:", "is no redaction"),
        ("burn:cmdline", "is no redaction"),
        ("drop:nope", "'nope': no such column: see docs/schema.md"),
        ("drop:runs.path", "'runs.path': no such column in runs"),
        ("drop:nope.path", "the lake has no table 'nope': choose one of activity"),
        ("mask:pid", "'pid' is no text and cannot be put through mask: write drop:pid"),
        ("drop:path,", "'': no such column"),
    ],
)
def test_faults_say_what_to_write(rule, said):
    with pytest.raises(RedactError) as found:
        parse([rule], KEY)
    assert said in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("key", [None, b"", b"too short"])
def test_hashes_want_a_key(key):
    with pytest.raises(RedactError, match="redact_key=env:NAME"):
        parse(["hash:user"], key)
