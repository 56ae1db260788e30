import pytest

from tests.factories.limits import count_anew


@pytest.fixture(autouse=True)
def _nobody_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    count_anew(monkeypatch)
