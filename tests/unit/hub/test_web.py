"""The site behind an ASGI server: whole answers, files, and what goes wrong."""

import asyncio
from threading import Event
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from hub.web.afterwards import afterwards
from hub.web.body import Body
from hub.web.handler import SiteHandler
from hub.web.later import Later, can_wait
from tests.factories.asgi import asked, run


async def _nothing() -> None:
    pass


def later(request: Any) -> Later:
    assert can_wait(request)
    answer = Later(_nothing, lambda: HttpResponse("made", status=201, headers={"Vary": "Accept"}))
    answer.set_cookie("seen", "1")
    return answer


def refused_later(_request: Any) -> Later:
    def make() -> HttpResponse:
        raise PermissionDenied

    return Later(_nothing, make)


def echo(request: Any) -> HttpResponse:
    return HttpResponse(request.body)


def pieces(_request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([b"one ", b"two"]))


answered = Event()
happened: list[object] = []


def puts_off(request: Any) -> HttpResponse:
    """Two works, of which the first fails; what comes later puts off a third."""

    def made() -> HttpResponse:
        afterwards(lambda: happened.append("last"))
        return HttpResponse(str(happened))

    afterwards(lambda: happened.extend(1 / 0 for _ in "1"))
    afterwards(lambda: happened.append(answered.wait(0.0 if request.GET else 10.0)))
    return Later(_nothing, made) if request.GET else HttpResponse("now")


urlpatterns = [path(view.__name__, view) for view in (later, refused_later, echo, pieces, puts_off)]


def handler403(_request: Any, exception: Exception) -> HttpResponse:
    return HttpResponse(type(exception).__name__, status=403)


def handler404(_request: Any, exception: Exception) -> HttpResponse:
    return HttpResponse(type(exception).__name__, status=404)


def ask(address: str, *, method: str = "GET", body: bytes = b"") -> tuple[int, str, dict[str, str]]:
    async def speak() -> tuple[int, str, dict[str, str]]:
        async with asked(SiteHandler(1), address, {}, method=method, body=body) as answer:
            text = await answer.text()
            answered.set()
            return answer.status, text, answer.headers

    with override_settings(
        ROOT_URLCONF=__name__, MIDDLEWARE=["django.middleware.common.CommonMiddleware"], ALLOWED_HOSTS=["testserver"]
    ):
        return run(speak())


def test_what_comes_later_has_its_own_status_and_length_and_what_was_put_on_it_before() -> None:
    status, text, headers = ask("/later")
    assert (status, text, headers["content-length"]) == (201, "made", "4")
    assert headers["set-cookie"].startswith("seen=1")


def test_an_answer_in_pieces_is_sent_whole() -> None:
    assert ask("/pieces")[:2] == (200, "one two")


@pytest.fixture
def _nothing_happened() -> None:
    answered.clear()
    happened.clear()


@pytest.mark.usefixtures("_nothing_happened")
def test_what_nobody_waits_for_is_done_after_the_answer_whatever_else_fails() -> None:
    assert (ask("/puts_off")[:2], happened) == ((200, "now"), [True])


@pytest.mark.usefixtures("_nothing_happened")
def test_what_comes_later_finds_it_done_and_may_put_off_more() -> None:
    assert (ask("/puts_off?later=1")[:2], happened) == ((200, "[False]"), [False, "last"])


@pytest.mark.usefixtures("_nothing_happened")
def test_it_is_done_at_once_where_nothing_is_answered() -> None:
    afterwards(lambda: happened.append("done"))
    assert happened == ["done"]


def test_a_body_is_read_to_its_length_however_it_arrives() -> None:
    assert ask("/echo", method="POST", body=b"0123456789abc")[:2] == (200, "0123456789abc")


@pytest.mark.parametrize(("address", "status"), [("/refused_later", 403), ("/none", 404), ("/echo?q=\udcff", 400)])
def test_what_goes_wrong_is_answered(address: str, status: int) -> None:
    assert ask(address)[0] == status


@pytest.mark.parametrize(
    "first", [{"type": "http.disconnect"}, {"type": "http.request", "body": b"half", "more_body": True}]
)
def test_a_client_that_leaves_before_its_body_is_whole_never_looks_like_one_that_sent_less(
    first: dict[str, Any],
) -> None:
    async def read_twice() -> list[type[BaseException] | bytes]:
        sent = [first]

        async def receive() -> dict[str, Any]:
            return sent.pop() if sent else {"type": "http.disconnect"}

        body = Body(receive, asyncio.get_running_loop())
        await body.begin()
        return [await asyncio.to_thread(outcome, body) for _ in range(3)]

    def outcome(body: Body) -> type[BaseException] | bytes:
        try:
            return body.read(100) or b""
        except OSError as error:
            return type(error)

    whole = [b"half"] if "body" in first else [OSError]
    assert run(read_twice()) == [*whole, OSError, OSError]
