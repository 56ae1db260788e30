"""Previews on the site: who sees them, while what, and what hides them."""

import base64
import io
from typing import Any

import pytest
from django.core.cache import caches
from PIL import Image
from pytest_django import Settings

from hub.config import plugin_registry
from hub.plugin_api import Component, Plugin
from marketplace.generation import services
from marketplace.generation.models import Generation
from tests.factories.accounts import make_user
from tests.factories.generation import WORKER, buyer_of, echo_version, heartbeat, order, started
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(file, "JPEG")
    return file.getvalue()


JPEG = jpeg()
TEXT = base64.b64encode(JPEG).decode()


@pytest.fixture
def _in_memory(settings: Settings) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "previews": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "previews"},
    }
    caches["previews"].clear()


def running(*versions: Any, preview: str = TEXT) -> Generation:
    """As the site knows it after one heartbeat."""
    made = order(None, *versions)
    services.started(started(made))
    services.heartbeat(heartbeat(made, 2, preview=preview))
    made.refresh_from_db()
    return made


def at_the_api(made: Generation, viewer: Any = None) -> tuple[int, bytes]:
    answer = signed_in(viewer or buyer_of(made)).get(f"/api/v1/generations/{made.pk}/preview")
    return answer.status_code, answer.content


def on_the_page(made: Generation) -> bool:
    """Both as the page comes and as each poll exchanges it."""
    client = signed_in(buyer_of(made))
    parts = [client.get(f"/generations/{made.pk}/{part}").content.decode() for part in ("", "status/")]
    found = {f'src="data:image/jpeg;base64,{TEXT}"' in part for part in parts}
    assert len(found) == 1
    return found.pop()


@pytest.mark.usefixtures("_in_memory")
def test_the_buyer_sees_it_and_for_others_it_does_not_exist() -> None:
    made = running()
    assert (at_the_api(made), on_the_page(made)) == ((200, JPEG), True)
    status, content = at_the_api(made, make_user())
    assert (status, b"generation_not_found" in content) == (404, True)


@pytest.mark.usefixtures("_in_memory")
def test_a_browser_that_opens_it_keeps_nothing_and_runs_nothing() -> None:
    made = running(echo_version(outputs_may_train=False))
    answer = signed_in(buyer_of(made)).get(f"/api/v1/generations/{made.pk}/preview")
    named = ("Content-Type", "Cache-Control", "X-Content-Type-Options", "Content-Security-Policy", "X-Robots-Tag")
    assert [answer[name] for name in named] == [
        "image/jpeg",
        "private, no-store",
        "nosniff",
        "default-src 'none'; sandbox",
        "noai, noimageai",
    ]
    assert signed_in(buyer_of(made)).get(f"/generations/{made.pk}/status/")["X-Robots-Tag"] == "noai, noimageai"


@pytest.mark.usefixtures("_in_memory")
def test_what_does_not_run_shows_none() -> None:
    for state in Generation.State:
        made = running()
        Generation.objects.filter(pk=made.pk).update(state=state)
        made.refresh_from_db()
        status, _ = at_the_api(made)
        assert (state, status) == (state, 200 if state == Generation.State.RUNNING else 404)


@pytest.mark.usefixtures("_in_memory")
def test_only_who_holds_the_lease_is_shown() -> None:
    made = running(preview="")
    services.heartbeat(heartbeat(made, 3, worker="worker-2", preview=TEXT))
    services.heartbeat(heartbeat(made, 3, attempt=2, preview=TEXT))
    assert at_the_api(made)[0] == 404
    services.heartbeat(heartbeat(made, 3, preview=TEXT))
    assert at_the_api(made) == (200, JPEG)
    Generation.objects.filter(pk=made.pk).update(attempt=2)
    assert at_the_api(made)[0] == 404


@pytest.mark.usefixtures("_in_memory")
@pytest.mark.parametrize("preview", ["not base64!", base64.b64encode(b"<svg onload=alert(1)>").decode()])
def test_what_is_no_jpeg_is_dropped_and_the_lease_renewed(preview: str) -> None:
    made = running(preview=preview)
    assert (made.state, made.step, made.worker, at_the_api(made)[0]) == ("running", 2, WORKER, 404)


@pytest.mark.usefixtures("_in_memory")
@pytest.mark.parametrize("point", ["output_check", "provenance"])
def test_where_pictures_must_pass_something_first_none_is_kept_or_shown(
    monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    before = running()
    gate = Plugin(name="gate", summary="", components=[Component(point, "gate", "nowhere:Gate")])
    monkeypatch.setitem(plugin_registry().plugins, "gate", gate)
    gated = running()
    assert [at_the_api(made)[0] for made in (before, gated)] == [404, 404]
    assert not on_the_page(gated)
    monkeypatch.undo()
    assert [at_the_api(made)[0] for made in (before, gated)] == [200, 404]


def test_with_redis_away_the_lease_is_renewed_and_the_page_comes(settings: Settings) -> None:
    previews = {**settings.CACHES["previews"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "previews": previews}
    made = running()
    assert (made.state, made.step, on_the_page(made), at_the_api(made)[0]) == ("running", 2, False, 404)


@pytest.mark.usefixtures("broker")
def test_redis_keeps_the_bytes_as_they_are_for_a_minute() -> None:
    made = running()
    assert at_the_api(made) == (200, JPEG)
    cache: Any = caches["previews"]
    key = cache.make_and_validate_key(f"{made.pk}.{made.attempt}")
    client = cache._cache.get_client(key)
    assert (client.get(key), 50 < client.ttl(key) <= 60) == (JPEG, True)
