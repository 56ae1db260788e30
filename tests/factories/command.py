"""`iro` as somebody types it, with the site in this process behind it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from irodori_client import Client
from irodori_client.cli import session
from irodori_client.cli.main import app
from irodori_client.settings import Access
from marketplace.accounts.models import User
from tests.factories.sdk import AT_ONCE, Desk, DeskTransport, key_of
from tests.factories.site import SITE_URL


@dataclass(frozen=True)
class Said:
    """`code` is how it ended."""

    code: int
    out: str
    err: str
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """As a person, or as nobody."""

    monkeypatch: pytest.MonkeyPatch
    person: User | None = None

    def __call__(self, *words: object, afterwards: Callable[[], None] = lambda: None, given: str = "") -> Said:
        desk = Desk(afterwards)
        self._lead_to(DeskTransport(desk))
        environment = {"COLUMNS": "200", "IRODORI_URL": SITE_URL, "IRODORI_API_KEY": key_of(self.person) or None}
        typed = [str(word) for word in words]
        done = desk.serve(lambda: CliRunner().invoke(app, typed, input=given, env=environment))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr, done.stdout_bytes)

    def _lead_to(self, transport: DeskTransport) -> None:
        def opened(self: session.Session, access: Access | None = None) -> Client:
            given = (access.url, access.api_key) if access else (self.url, None)
            return Client(*given, transport=transport, retries=AT_ONCE)

        self.monkeypatch.setattr(session.Session, "client", opened)
