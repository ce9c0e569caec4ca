from __future__ import annotations

import numpy as np

from collectors.replay.etl_file import survey
from collectors.replay.volumes import volumes
from tests import etl_writer as w


def test_mappings_are_found_wherever_they_stand():
    data = np.frombuffer(
        w.trace(
            [w.opened(1, "a", 1)],
            [w.opened(2, "b", 2), w.volume("\\Device\\X", "C:", 3), w.volume("\\Device\\Y", "D:", 4)],
        ),
        np.uint8,
    )
    assert volumes(data, survey(data).buffers) == [("\\Device\\X", "C:"), ("\\Device\\Y", "D:")]


def test_a_guid_in_a_payload_is_no_mapping():
    payload = w.volume("\\Device\\X", "C:", 1)[:60]
    data = np.frombuffer(w.trace([w.event(w.FILE, 99, 0, payload, 1)]), np.uint8)
    assert volumes(data, survey(data).buffers) == []
