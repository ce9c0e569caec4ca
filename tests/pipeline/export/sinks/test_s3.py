"""S3 against moto's server: objects named by their content, also while the server is away."""

from __future__ import annotations

import gzip
import json
import sys

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, batch

SECRETS = {"access_key_id": "AKIATEST", "secret_access_key": "s3cret"}


@pytest.fixture
def server():
    moto = pytest.importorskip("moto.server", reason="no moto: pip install 'lictor[dev]'")
    made = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    yield made, f"http://{host}:{port}"
    made.stop()


@pytest.fixture
def bucket(server):
    from botocore.session import get_session  # noqa: PLC0415 - optional

    client = get_session().create_client(
        "s3", region_name="us-east-1", endpoint_url=server[1], aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket="siem")

    def objects():
        listed = client.list_objects_v2(Bucket="siem").get("Contents", [])
        return {o["Key"]: client.get_object(Bucket="siem", Key=o["Key"]) for o in listed}

    return objects


def sink_for(endpoint, prefix="lictor/ai", bucket="siem", **settings):
    return open_sink(f"s3://{bucket}/{prefix}?endpoint={endpoint}&timeout=3s", Settings({}, SECRETS, **settings))


def test_batch_becomes_one_object_and_a_repeat_the_same(server, bucket):
    sink = sink_for(server[1])
    for _ in range(2):
        assert not len(sink.send(batch(payloads=HOSTILE)).retry)
    assert not len(sink.send(batch(3)).retry)
    sink.close()
    found = bucket()
    assert len(found) == 2
    texts = {key: gzip.decompress(o["Body"].read()).decode() for key, o in found.items()}
    assert sorted(texts.values()) == sorted(
        ["".join(p + "\n" for p in HOSTILE), "".join(json.dumps({"n": n, "pad": ""}) + "\n" for n in range(3))]
    )
    assert all(key.startswith("lictor/ai/activity/day=2026-09-21/") and key.endswith(".jsonl.gz") for key in found)
    assert {o["ContentEncoding"] for o in found.values()} == {"gzip"}


def test_bucket_that_is_not_there_and_server_that_is_away(server):
    sink = sink_for(server[1], bucket="nobodys")  # moto remembers buckets from one server to the next
    outcome = sink.send(batch(3))
    assert (list(outcome.retry), outcome.dead) == ([0, 1, 2], ())
    assert "NoSuchBucket" in outcome.reason
    server[0].stop()
    outcome = sink.send(batch(3))
    assert list(outcome.retry) == [0, 1, 2]
    assert "s3cret" not in outcome.reason
    server[0].start()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3:///prefix", "needs a bucket"),
        ("s3://b/p?endpoint=nonsense", "endpoint"),
        ("s3://b/p?secret_access_key=x", "a secret is not an option"),
    ],
)
def test_bad_addresses_are_refused(url, said):
    with pytest.raises(ExportError, match=said):
        open_sink(url, Settings({}, SECRETS))


def test_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(ExportError, match=r"lictor\[s3\]"):
        open_sink("s3://b/p", Settings())
