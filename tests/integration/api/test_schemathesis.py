"""schemathesis holds the hub to its own OpenAPI document, operation by operation, as somebody who is signed in."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from tests.api_operations import Operation, address, operations, owner_of
from tests.factories.catalogue import echo_base, tiny_sdxl_base
from tests.factories.site import connection_kept

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
EXAMPLES = 5
# What is well-formed may still be refused, as for a base that the hub does not serve.
EXCLUDED = {"positive_data_acceptance"}
# Streams are read in the tests of server-sent events: here whoever asks has seen the end, and is told that no more comes.
SEEN_TO_THE_END = {
    "GET /api/v1/batches/{id}/events": "0.0.0.0.3",
    "GET /api/v1/generations/{id}/events": "999999999.2.999999999",
}


@pytest.fixture(autouse=True)
def _world(receipt_key: object) -> Iterator[None]:
    echo_base()
    tiny_sdxl_base(slug="irodori-small")
    with connection_kept():
        yield


@pytest.fixture(scope="session")
def document() -> Any:
    with connection_kept():
        schema = schemathesis.openapi.from_wsgi("/api/schema?format=json", get_wsgi_application())
    # A body that breaks the document's rules may be too long besides, which is looked at first.
    refusal = schema.config.checks.negative_data_rejection
    refusal.expected_statuses = [*refusal.expected_statuses, "413"]
    return schema


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_the_hub_answers_as_its_document_says(document: Any, operation: Operation, mode: GenerationMode) -> None:
    described, owner = document[operation.path][operation.method], owner_of(operation)
    _, real = address(operation, owner)
    headers = signed_in(operation, owner)
    if operation.name in SEEN_TO_THE_END:
        headers["Last-Event-ID"] = SEEN_TO_THE_END[operation.name]
    checks = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in EXCLUDED]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(generation_mode=mode), with_real_ids=st.booleans())
    def ask(case: Any, with_real_ids: bool) -> None:
        if with_real_ids and mode is GenerationMode.POSITIVE:
            case.path_parameters |= {name: str(value) for name, value in real.items()}
        case.call_and_validate(headers=headers, checks=checks)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing that the document allows could be made"


def signed_in(operation: Operation, owner: User) -> dict[str, str]:
    """By a key, or by a browser's session where only people may."""
    if operation.takes_keys:
        return {"Authorization": f"Bearer {create_token(user=owner)[1]}"}
    browser = Client()
    browser.force_login(owner, "django.contrib.auth.backends.ModelBackend")
    token = get_token(HttpRequest())
    cookies = {**{name: each.value for name, each in browser.cookies.items()}, "csrftoken": token}
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "X-CSRFToken": token}
