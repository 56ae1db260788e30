"""The doctor's findings on machines that lack something."""

import pytest

from hub.config import HubConfig
from hub.doctor import Finding, _broker, _folder, _store


def test_a_broker_that_does_not_answer_is_broken_and_its_password_is_not_shown() -> None:
    config = HubConfig(broker_url="redis://user:secret@127.0.0.1:1/0")
    assert list(_broker(config)) == [
        Finding("broken", "broker", "redis at 127.0.0.1:1 does not answer", "Start it, or correct HUB_BROKER_URL.")
    ]


def test_a_store_that_does_not_answer_is_broken() -> None:
    [finding] = _store(HubConfig(s3_endpoint="http://127.0.0.1:1"))
    assert (finding.verdict, finding.text) == ("broken", "http://127.0.0.1:1 does not answer")


def test_a_missing_data_folder_is_no_fault(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = tmp_path_factory.mktemp("x") / "missing"
    [finding] = _folder(HubConfig(data_dir=missing))
    assert (finding.verdict, finding.advice) == ("note", "`irodori up` creates it.")
