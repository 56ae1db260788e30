"""Has a process of the serving tier draw one picture, and reads what it found. The tier's code is not imported here."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

COMMAND = (sys.executable, "-m", "serving.trial")
PATIENCE_S = 900.0
# With this set, a serving process would be given the site's settings.
NOT_THERE = "DJANGO_SETTINGS_MODULE"


class NoAnswerError(Exception):
    """The process ended, or went on for too long, without saying anything; its text is a sentence."""


def try_a_picture(settings: Mapping[str, str]) -> list[dict[str, str]]:
    """Findings, each with `verdict`, `what`, `text` and `advice`. Raises NoAnswerError."""
    environment = {name: value for name, value in {**os.environ, **settings}.items() if name != NOT_THERE}
    try:
        ended = subprocess.run(  # noqa: S603 - our own command line, no shell
            COMMAND, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(f"No picture was drawn in {PATIENCE_S / 60:.0f} minutes.") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise NoAnswerError(f"It ended without a picture: {said[-1][:300]}")
    found: list[dict[str, str]] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found
