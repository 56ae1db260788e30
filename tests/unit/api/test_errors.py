"""Every family of refusals becomes HTTP in one place, in one shape."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.http import Http404
from rest_framework.exceptions import ValidationError

from marketplace.api.errors import HTTP_STATUS, exception_handler, http_status
from marketplace.errors import Conflict, NotFound, Refusal
from marketplace.ledger.errors import OverdraftError


def families(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for family in base.__subclasses__():
        if family.__module__ == "marketplace.errors":
            yield family


def answer(error: Exception) -> tuple[int, object]:
    request = SimpleNamespace(method="GET")
    response = exception_handler(error, {"request": request, "view": None})
    assert response is not None
    return response.status_code, response.data


def test_every_family_has_a_status_of_its_own() -> None:
    assert set(families()) == set(HTTP_STATUS)
    assert len(set(HTTP_STATUS.values())) == len(HTTP_STATUS)


@pytest.mark.parametrize("family", list(HTTP_STATUS))
def test_a_refusal_answers_its_familys_status_code_and_sentence(family: type[Refusal]) -> None:
    status, data = answer(family("Do something else."))
    assert status == HTTP_STATUS[family]
    assert data["errors"] == [{"code": family.code, "detail": "Do something else.", "attr": None}]  # type: ignore[index]  # DRF's data is untyped


def test_a_refusal_about_a_field_names_it() -> None:
    status, data = answer(Conflict("Take another.", code="taken", field="title"))
    assert (status, data) == (
        409,
        {"type": "client_error", "errors": [{"code": "taken", "detail": "Take another.", "attr": "title"}]},
    )


def test_a_refusal_of_an_app_answers_as_its_family() -> None:
    assert http_status(OverdraftError(5)) == 402


def test_what_django_and_drf_raise_has_the_same_shape() -> None:
    assert answer(Http404())[0] == 404
    assert answer(ValidationError({"size": ["Too big."]}, "too_big")) == (
        400,
        {"type": "validation_error", "errors": [{"code": "too_big", "detail": "Too big.", "attr": "size"}]},
    )


def test_an_unheard_of_refusal_is_still_an_answer() -> None:
    class Unsorted(Refusal):
        """Of no family."""

    assert http_status(Unsorted("No.")) == 400
    assert http_status(NotFound("No.")) == 404
