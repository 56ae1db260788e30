"""Batches for tests, on the echo engine."""

from typing import Any

from marketplace.accounts.models import User
from marketplace.batches.models import Batch
from marketplace.batches.services import request_batch
from marketplace.generation.models import Generation
from tests.factories.generation import make_request
from tests.factories.ledger import make_buyer


def make_batch(buyer: User | None = None, size: int = 3, **changes: Any) -> Batch:
    """That many images that differ by their prompt and seed, each held."""
    requests = [make_request(**{"prompt": f"fox {number}", "seed": number} | changes) for number in range(size)]
    return request_batch(buyer=buyer or make_buyer(), requests=requests)


def images_of(batch: Batch) -> list[Generation]:
    """In their order."""
    return [item.generation for item in batch.items.select_related("generation__base_model").order_by("number")]
