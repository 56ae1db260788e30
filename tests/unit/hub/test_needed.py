"""CI never passes for want of what a test needs."""

import pytest

from tests.needed import lacking


@pytest.mark.parametrize(("value", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_lacking_fails_in_ci_and_is_skipped_elsewhere(
    monkeypatch: pytest.MonkeyPatch, value: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", value)
    with pytest.raises(outcome, match="no jq"):
        lacking("no jq")
