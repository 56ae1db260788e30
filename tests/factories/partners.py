"""Partners, grants and images under them for tests, made the way real ones are."""

import hashlib
from itertools import count
from typing import Any

from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.accounts.organisations import create_organisation
from marketplace.accounts.tokens import create_token
from marketplace.batches.models import Batch
from marketplace.batches.services import request_batch
from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.generation.services import request_generation
from marketplace.partners.accounts import enrolled
from marketplace.partners.batches import GrantPermits, permits_of
from marketplace.partners.licensing import accept, quote_grant
from marketplace.partners.models import Grant, Partner
from marketplace.partners.permits import GRANT, TERRITORY, GrantPermit, permit_of
from marketplace.partners.wanted import Wanted
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, make_request, paid
from tests.factories.ledger import give_credit

_numbers = count(1)


def make_account(credits_: float = 1_000) -> User:
    """The account of a new organisation."""
    number = next(_numbers)
    organisation = create_organisation(name=f"Agency {number}", slug=f"agency-{number}", owner=make_user())
    assert organisation.account is not None
    return give_credit(organisation.account, credits_) if credits_ else organisation.account


def agree(account: User, **terms: Any) -> Partner:
    """What staff agreed on with it."""
    partner = enrolled(account)
    Partner.objects.filter(pk=partner.pk).update(**terms)
    partner.refresh_from_db()
    return partner


def licensable_version(**changes: Any) -> StyleVersion:
    """One credit per image; commercial use, resale and merging are permitted."""
    return echo_version(**{"may_be_resold": True, "may_be_merged": True} | changes)


def wanted(version: StyleVersion, **changes: Any) -> Wanted:
    fields: dict[str, Any] = {
        "version_id": version.pk,
        "permissions": ("commercial_use",),
        "territory": (),
        "days": 30,
        "images": 10,
        "payment": "per_image",
    }
    return Wanted(**fields | changes)


def make_grant(account: User, version: StyleVersion | None = None, **changes: Any) -> Grant:
    asked = wanted(version or licensable_version(), **changes)
    return accept(account=account, quote=quote_grant(account=account, wanted=asked).token)


def permit(account: User, *grants: Grant, territory: str = "") -> GrantPermit:
    found = permit_of(account, {GRANT: ",".join(str(grant.pk) for grant in grants), TERRITORY: territory})
    assert found is not None
    return found


def order_under(account: User, *grants: Grant, territory: str = "", **changes: Any) -> Generation:
    """A queued image of the grants' styles."""
    versions = [grant.agreement.version for grant in grants]
    return request_generation(
        buyer=account, request=make_request(*versions, **changes), permit=permit(account, *grants, territory=territory)
    )


def permits(account: User, *grants: Grant, territory: str = "") -> GrantPermits:
    found = permits_of(account, {GRANT: ",".join(str(grant.pk) for grant in grants), TERRITORY: territory})
    assert found is not None
    return found


def batch_under(account: User, *grants: Grant, size: int = 3, territory: str = "", **changes: Any) -> Batch:
    """That many queued images, each of the style of one grant, in turn."""
    requests = [
        make_request(grants[number % len(grants)].agreement.version, **{"seed": number} | changes)
        for number in range(size)
    ]
    return request_batch(buyer=account, requests=requests, permits=permits(account, *grants, territory=territory))


def deliver(generation: Generation, content: bytes = b"image") -> Generation:
    """As a worker's report does; no bytes lie in the store."""
    paid(generation)
    Generation.objects.filter(pk=generation.pk).update(
        state=Generation.State.SUCCEEDED,
        finished_at=timezone.now(),
        image_sha256=hashlib.sha256(content).hexdigest(),
        image_media_type="image/png",
    )
    generation.refresh_from_db()
    return generation


def program_of(account: User) -> Client:
    """Sends the account's key with every request."""
    _, token = create_token(user=account)
    return Client(headers={"authorization": f"Bearer {token}"})
