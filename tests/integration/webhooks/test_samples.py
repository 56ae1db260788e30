"""The code that pages and documentation show to receivers, run as it stands against what the hub signs."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from marketplace.webhooks.samples import FOLDER, samples
from marketplace.webhooks.signing import new_secret, signed_headers
from tests.factories.receivers import receiver

BODY = '{"type":"style.published","data":{"title":"彩り"}}'
HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "receive-webhooks.md"
PYTHON = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("check", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(module.check(sys.argv[2], json.loads(sys.argv[3]), sys.argv[4].encode())["type"])
"""
JAVASCRIPT = """
const [file, secret, headers, body] = process.argv.slice(1);
const { check } = await import(file);
console.log(check(secret, JSON.parse(headers), Buffer.from(body)).type);
"""
RUN = {
    "Python": [sys.executable, "-c", PYTHON, str(FOLDER / "check.py")],
    "JavaScript": ["node", "--input-type=module", "-e", JAVASCRIPT, str(FOLDER / "check.mjs")],
}
secret, other = new_secret(), new_secret()


def checked(language: str, headers: dict[str, str], body: str = BODY) -> tuple[bool, str]:
    """Does the sample take it, and what does it say?"""
    command = [*RUN[language], secret, json.dumps(headers), body]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode == 0, done.stdout.strip() or done.stderr


def signed(*signers: str, age: float = 0) -> dict[str, str]:
    return signed_headers("msg_1", BODY, signers=signers, now=datetime.now(UTC) - timedelta(seconds=age))


@pytest.mark.parametrize("language", RUN)
def test_a_sample_takes_what_the_hub_signed(language: str) -> None:
    assert checked(language, signed(secret)) == (True, "style.published")
    assert checked(language, signed(other, secret)) == (True, "style.published")


@pytest.mark.parametrize("language", RUN)
def test_a_sample_takes_nothing_else(language: str) -> None:
    refused = [
        checked(language, signed(other)),
        checked(language, signed(secret, age=301)),
        checked(language, signed(secret), BODY.replace("彩り", "彩")),
    ]
    assert [taken for taken, _ in refused] == [False] * 3
    assert ["not signed" in refused[0][1], "too long ago" in refused[1][1], "not signed" in refused[2][1]] == [True] * 3


def test_the_command_sends_what_the_reference_verifies() -> None:
    with receiver() as theirs:
        env = {"SECRET": secret, "URL": theirs.url, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["sh", str(FOLDER / "send.sh")], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "200 OK" in done.stdout) == (0, True)
    (got,) = theirs.got
    assert Webhook(secret).verify(got.body, got.headers)["type"] == "webhook.test"


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.language)
def test_the_how_to_shows_the_same_code(sample: object) -> None:
    assert f"\n{getattr(sample, 'code', None)}\n```" in HOW_TO.read_text()
