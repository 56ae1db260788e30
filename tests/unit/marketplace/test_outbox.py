import pytest
from django.db import transaction

from hub.celery import app
from marketplace import outbox


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_undoes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    with transaction.atomic():
        outbox.send_after_commit("uploads.ingest", "id", queue="site")
    assert [record.levelname for record in caplog.records if "on_commit" in record.getMessage()] == ["ERROR"]
