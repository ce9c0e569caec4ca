"""The page about findings."""

from __future__ import annotations

from tests.dashboards.conftest import texts


def test_list(stage):
    at = stage.page("findings", query={"since": "3650d"})
    assert not at.exception
    print(texts(at))
    print([d.value for d in at.dataframe])
    id_ = at.dataframe[0].value["id"] if "id" in at.dataframe[0].value else None


def test_one(stage, lake):
    id_ = lake.query("select id from findings where rule = 'hunt:denied_then_done'")["id"][0].as_py()
    at = stage.page("findings", query={"finding": id_})
    assert not at.exception
    print(texts(at))
    print([d.value for d in at.dataframe])
    print([b.label for b in at.button])
    at.button(key="findings_triage_one").click().run()
    print([b.label for b in at.button])
    at.selectbox(key="triage_status").set_value("resolved").run()
    at.button(key="triage_set").click().run()
    assert not at.exception
    print(texts(at)[:400])
    at.button(key="findings_pack").click().run()
    assert not at.exception
    print(texts(at)[:600])
