"""An account's endpoints and what was sent to them. Another's do not exist."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.organisations import organisation_of, rights_of
from marketplace.accounts.roles import Right
from marketplace.errors import InvalidInput, NotFound
from marketplace.webhooks.models import Delivery, Endpoint


def endpoints_of(account: User) -> QuerySet[Endpoint]:
    """Newest first."""
    return Endpoint.objects.filter(account=account).order_by("-created_at")


def own_endpoint(account: User, endpoint_id: UUID) -> Endpoint:
    """Raises NotFound."""
    endpoint = Endpoint.objects.filter(account=account, pk=endpoint_id).first()
    if endpoint is None:
        raise _unknown()
    return endpoint


def managed_endpoint(person: User, endpoint_id: UUID) -> Endpoint:
    """One's own, or one of an organisation whose programs the person looks after. Raises NotFound."""
    endpoint = Endpoint.objects.select_related("account").filter(pk=endpoint_id).first()
    if endpoint is None or not _manages(person, endpoint.account):
        raise _unknown()
    return endpoint


def _manages(person: User, account: User) -> bool:
    organisation = None if account == person else organisation_of(account)
    return account == person or (organisation is not None and Right.KEYS in rights_of(person, organisation))


def _unknown() -> NotFound:
    return NotFound(_("You have no such endpoint."), code="endpoint_not_found")


def deliveries_of(endpoint: Endpoint, *, state: str = "", kind: str = "") -> QuerySet[Delivery]:
    """Newest first, with what is sent at hand; of one state or kind where they are given. Raises InvalidInput."""
    if state and state not in Delivery.State.values:
        raise InvalidInput(
            _("A delivery is waiting, delivered or failed. Ask for one of these."), code="unknown_state", field="state"
        )
    wanted = {name: value for name, value in (("state", state), ("message__kind", kind[:60])) if value}
    deliveries = Delivery.objects.filter(endpoint=endpoint, **wanted)
    return deliveries.select_related("message", "endpoint").order_by("-created_at", "pk")


def own_delivery(account: User, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    """With its attempts, the newest first. Raises NotFound."""
    deliveries = deliveries_of(own_endpoint(account, endpoint_id)).prefetch_related("attempts_made")
    delivery = deliveries.filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound(_("Nothing such was sent to this endpoint."), code="delivery_not_found")
    return delivery
