import json
from pathlib import Path

import pytest

from bench.common import meets_aim, report, row


@pytest.mark.parametrize(
    ("value", "aim", "met"),
    [
        (5.9, "≤ 6 s", True),
        (6.1, "≤ 6 s", False),
        (2, "≥ 1.5 x", True),
        (6, "< 6 s", False),
        (7, "as good as merged", None),
    ],
)
def test_a_value_is_compared_with_its_aim(value: float, aim: str, met: bool | None) -> None:
    assert meets_aim(row("x", "what", "s", aim, [value])) is met


def test_the_report_holds_the_median_and_every_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = report(
        "start", [row("first_page", "second start to first page", "s", "≤ 6 s", [3.0, 9.0, 4.0], rival="none")]
    )
    assert path == Path("var/bench/start.json")
    assert json.loads(path.read_text()) == [
        {
            "id": "first_page",
            "what": "second start to first page",
            "value": 4.0,
            "unit": "s",
            "aim": "≤ 6 s",
            "rival": "none",
            "samples": [3.0, 9.0, 4.0],
        }
    ]
