"""Each test of the clients runs twice: blocking and awaited, with the same site behind both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from irodori_client import AsyncClient
from marketplace.accounts.models import User
from tests.factories.sdk import client_of, served


class Hub(Protocol):
    """`do` calls an operation of a person's client, `every` collects an iteration."""

    def do(self, person: User | None, call: Callable[[Any], Any], **changes: Any) -> Any: ...

    def every(self, person: User | None, call: Callable[[Any], Any], **changes: Any) -> list[Any]: ...


class Blocking:
    def do(self, person: User | None, call: Callable[[Any], Any], **changes: Any) -> Any:
        with client_of(person, **changes) as client:
            return call(client)

    def every(self, person: User | None, call: Callable[[Any], Any], **changes: Any) -> list[Any]:
        with client_of(person, **changes) as client:
            return list(call(client))


class Awaited:
    def do(self, person: User | None, call: Callable[[Any], Any], **changes: Any) -> Any:
        async def done(client: AsyncClient) -> Any:
            return await call(client)

        return served(person, done, **changes)

    def every(self, person: User | None, call: Callable[[Any], Any], **changes: Any) -> list[Any]:
        async def done(client: AsyncClient) -> list[Any]:
            return [item async for item in call(client)]

        return served(person, done, **changes)


@pytest.fixture(params=[Blocking, Awaited])
def hub(request: pytest.FixtureRequest) -> Hub:
    made: Hub = request.param()
    return made


@pytest.fixture(autouse=True)
def _no_settings_of_whoever_runs_the_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IRODORI_URL", "IRODORI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IRODORI_CONFIG", str(tmp_path / "config" / "client.json"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
