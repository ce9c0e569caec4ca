from __future__ import annotations

import threading

import pyarrow as pa

from lictor.alerts.ledger import Ledger
from pipeline import schema


def test_an_alert_is_two_rows_of_actions(alert, scripted):
    ledger = Ledger("here", "boot-1", clock=lambda: 1_700_000_000_000_000_000)
    about = alert(process_key=7, policy="p")
    ledger.intent(scripted("delivered", name="soc"), about, "finding f1")
    ledger.result(scripted("delivered", name="soc"), about, "confirmed", "HTTP 200")
    table = ledger.take()
    assert table.schema == schema.lake_schema("actions")
    intent, result = table.to_pylist()
    assert (intent["phase"], intent["enforcement"], intent["evidence"]) == ("intent", None, "finding f1")
    assert (result["phase"], result["enforcement"], result["evidence"]) == ("result", "confirmed", "HTTP 200")
    both = {
        "id": about.id, "action": "webhook", "object": "soc", "host": "here", "boot_id": "boot-1", "agent_run": "run-1",
        "rule": "r", "policy": "p", "process_key": 7, "pid": None, "enforced_at": "userspace", "actor": "lictor",
    }  # fmt: skip
    assert both.items() <= intent.items()
    assert both.items() <= result.items()


def test_rows_are_taken_once(alert, scripted):
    ledger = Ledger("h", None)
    assert ledger.take() is None
    ledger.intent(scripted("delivered"), alert(), "about")
    assert ledger.take().num_rows == 1
    assert ledger.take() is None


def test_no_row_is_lost_between_threads(alert, scripted):
    ledger, target, taken = Ledger("h", None), scripted("delivered"), []
    alerts = [alert(str(i)) for i in range(2000)]
    writers = [
        threading.Thread(target=lambda part=part: [ledger.intent(target, a, a.about) for a in part])
        for part in (alerts[::2], alerts[1::2])
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        taken.append(ledger.take())
    taken.append(ledger.take())
    ids = pa.concat_tables(t for t in taken if t is not None).column("id").to_pylist()
    assert sorted(ids) == sorted(a.id for a in alerts)
