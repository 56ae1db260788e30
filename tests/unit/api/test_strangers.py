"""Ids tell nothing: another person's things answer as if they did not exist."""

import json
import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from tests.factories.accounts import make_user
from tests.factories.catalogue import make_version
from tests.factories.uploads import make_upload, ready_upload

pytestmark = pytest.mark.django_db


def publish_body(upload: object) -> str:
    return json.dumps(
        {
            "upload": str(upload),
            "title": "T",
            "sample_prompt": "s",
            "licence": "CC0-1.0",
            "price_micro": 0,
            "creator_share_bp": 0,
            "training_sources": [{"name": "Mine", "consent": "own_work"}],
        }
    )


ROUTES: dict[str, Callable[[bool], tuple[str, str, str]]] = {
    "see an upload": lambda real: ("get", f"uploads/{make_upload().pk if real else uuid.uuid4()}", ""),
    "cancel an upload": lambda real: ("delete", f"uploads/{make_upload().pk if real else uuid.uuid4()}", ""),
    "send a part": lambda real: ("post", f"uploads/{make_upload().pk if real else uuid.uuid4()}/parts/1", "{}"),
    "complete an upload": lambda real: (
        "post",
        f"uploads/{make_upload().pk if real else uuid.uuid4()}/complete",
        '{"parts": [{"number": 1, "etag": "x"}]}',
    ),
    "publish an upload": lambda real: (
        "post",
        "versions",
        publish_body(ready_upload().pk if real else uuid.uuid4()),
    ),
    "withdraw a version": lambda real: ("post", f"versions/{make_version().pk if real else 999_999}/withdraw", "{}"),
}


@pytest.mark.parametrize("name", ROUTES)
def test_anothers_id_answers_exactly_as_an_unknown_one(name: str) -> None:
    client = Client()
    client.force_login(make_user())
    answers = []
    for real in (True, False):
        method, path, body = ROUTES[name](real)
        response = client.generic(method.upper(), f"/api/v1/{path}", body, content_type="application/json")
        answers.append((response.status_code, response.json()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


@pytest.mark.parametrize("name", ROUTES)
def test_without_signing_in_there_is_nothing(name: str) -> None:
    method, path, body = ROUTES[name](True)
    response = Client().generic(method.upper(), f"/api/v1/{path}", body, content_type="application/json")
    assert response.status_code == 401
