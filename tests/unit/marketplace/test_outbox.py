import pytest
from celery import Celery
from django.db import transaction

from hub.celery_options import CELERY_OPTIONS
from marketplace import outbox


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_undoes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # An app of its own: the site's may hold a connection to a broker that another test started.
    without_broker = Celery("without-broker", broker="redis://127.0.0.1:1/0")
    without_broker.conf.update(CELERY_OPTIONS)
    monkeypatch.setattr(outbox, "app", without_broker)
    with transaction.atomic():
        outbox.send_after_commit("uploads.ingest", "id", queue="site")
    assert [record.levelname for record in caplog.records if "on_commit" in record.getMessage()] == ["ERROR"]
