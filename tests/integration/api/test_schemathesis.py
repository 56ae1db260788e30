"""schemathesis holds the hub to its own OpenAPI document, operation by operation, as somebody who is signed in."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from tests.api_operations import Operation, address, operations
from tests.factories.catalogue import echo_base, tiny_sdxl_base
from tests.factories.resources import make_owner
from tests.factories.site import connection_kept

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
EXAMPLES = 5
# What is well-formed may still be refused, as for a base that the hub does not serve.
EXCLUDED = {"positive_data_acceptance"}


@pytest.fixture
def owner() -> Iterator[User]:
    echo_base()
    tiny_sdxl_base(slug="irodori-small")
    with connection_kept():
        yield make_owner()


@pytest.fixture(scope="session")
def document() -> Any:
    return schemathesis.openapi.from_wsgi("/api/schema?format=json", get_wsgi_application())


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_the_hub_answers_as_its_document_says(
    document: Any, owner: User, operation: Operation, mode: GenerationMode
) -> None:
    described = document[operation.path][operation.method]
    _, real = address(operation, owner)
    headers = {"Authorization": f"Bearer {create_token(user=owner)[1]}"}
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
