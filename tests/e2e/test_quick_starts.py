"""The programs of the quick starts, taken from the page as it is shown, do what the page says."""

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from hub.local.visitor import Visitor, checked
from hub.testing.stack import RunningStack
from tests.needed import lacking

pytestmark = [pytest.mark.stack, pytest.mark.torch]
CODE = re.compile(r'<code data-start="(\w+)" data-language="(\w+)">(.*?)</code>', re.DOTALL)
COMMANDS = {"curl": ["bash", "-eu"], "python": [sys.executable], "javascript": ["node"]}
FILES = {"curl": "start.sh", "python": "start.py", "javascript": "start.mjs"}
PASSWORD = "vermilion-and-teal-42"
KEY_NAME = "quick starts"


@pytest.fixture(scope="module")
def shown(running_stack: RunningStack) -> dict[tuple[str, str], str]:
    """(start, language) -> the program, as a visitor copies it from the page."""
    page = checked(httpx.get(f"{running_stack.url}/developers/quick-starts/")).text
    return {(start, language): html.unescape(text) for start, language, text in CODE.findall(page)}


@pytest.fixture(scope="module")
def developer(running_stack: RunningStack) -> Visitor:
    visitor = Visitor(running_stack.url)
    visitor.sign_up("developer@example.org", "Ada Program", PASSWORD)
    visitor.top_up(5_000_000)
    return visitor


def made(developer: Visitor, path: str, name: str, scopes: list[str]) -> dict[str, str]:
    """A key or client, made as the portal makes it."""
    page = developer.session.get("/account/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    body, headers = {"name": name, "scopes": scopes}, {"X-CSRFToken": token[1]}
    return dict(checked(developer.session.post(f"/api/v1/{path}", json=body, headers=headers)).json())


def run(program: str, language: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What it printed. It must succeed."""
    command = COMMANDS[language]
    if shutil.which(command[0]) is None:
        lacking(f"{command[0]} is not installed.")
    file = folder / FILES[language]
    file.write_text(program)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    done = subprocess.run(
        [*command, file], cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_the_page_shows_both_starts_in_three_languages(shown: dict[tuple[str, str], str]) -> None:
    assert set(shown) == {(start, language) for start in ("generate", "token") for language in COMMANDS}


@pytest.mark.parametrize("language", COMMANDS)
def test_a_picture_is_ordered_and_saved(
    running_stack: RunningStack,
    shown: dict[tuple[str, str], str],
    developer: Visitor,
    tmp_path: Path,
    language: str,
) -> None:
    key = made(developer, "keys", f"{KEY_NAME}: {language}", ["generate", "images:read"])
    printed = run(shown["generate", language], language, tmp_path, {"HUB": running_stack.url, "KEY": key["secret"]})
    assert re.search(r"\d+", printed), "The price is printed first."
    assert (tmp_path / "fox.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    used = checked(developer.session.get("/developers/usage/")).text
    assert f"{KEY_NAME}: {language}" in used


@pytest.mark.parametrize("language", COMMANDS)
def test_a_client_gets_a_token_and_reads_its_wallet(
    running_stack: RunningStack,
    shown: dict[tuple[str, str], str],
    developer: Visitor,
    tmp_path: Path,
    language: str,
) -> None:
    client = made(developer, "oauth-clients", "portal", ["wallet:read", "generate"])
    environment = {
        "HUB": running_stack.url,
        "CLIENT_ID": client["identifier"],
        "CLIENT_SECRET": client["secret"],
    }
    assert '"balance_micro":' in run(shown["token", language], language, tmp_path, environment)
