"""Buying credit: an order, a checkout at the provider, and the signed webhook that says it is paid."""

from collections.abc import Callable, Mapping

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.config import plugin_registry
from hub.plugin_api import (
    PAYMENT_PROVIDER,
    Checkout,
    CheckoutRequest,
    PaymentEvent,
    PaymentProvider,
    PluginError,
    PluginUnavailableError,
)
from marketplace.accounts.models import User
from marketplace.errors import Conflict, InvalidInput, NotFound, Unavailable
from marketplace.ledger import services as ledger
from marketplace.ledger.money import MICRO_PER_UNIT, format_credits
from marketplace.orders.announcements import announce_paid
from marketplace.orders.events import Outcome, dispute_key, outcome_of, top_up_id, top_up_key
from marketplace.orders.models import TopUp, WebhookEvent

log = structlog.get_logger(__name__)

LEAST_MICRO = 1 * MICRO_PER_UNIT
MOST_MICRO = 500 * MICRO_PER_UNIT
MICRO_PER_CENT = MICRO_PER_UNIT // 100


def start_top_up(
    *, buyer: User, amount_micro: int, return_url: str, webhook_url: str, provider: str = "sandbox"
) -> Checkout:
    """Order credit and open a checkout for it. Nothing is credited before the provider's webhook.

    Raises InvalidInput for an amount that can't be bought, NotFound for a provider that isn't enabled, Unavailable
    when the provider does not answer.
    """
    _refuse_amount(amount_micro)
    component = _provider(provider)
    top_up = TopUp.objects.create(buyer=buyer, provider=provider, amount_micro=amount_micro)
    checkout = _checkout(component, top_up, return_url, webhook_url)
    TopUp.objects.filter(pk=top_up.pk).update(checkout_id=checkout.id)
    log.info("top_up.started", top_up=str(top_up.pk), provider=provider, amount_micro=amount_micro)
    return checkout


def receive_webhook(*, provider: str, headers: Mapping[str, str], body: bytes) -> None:
    """Store a verified event, then act on it. Repeated and reordered events change nothing.

    Raises InvalidInput for a forged or stale one, NotFound for a provider that isn't enabled, Conflict for one that comes
    before what it is about: the provider sends it again.
    """
    event = _verified(provider, headers, body)
    # Stored in a transaction of its own: should acting on it fail, it is not forgotten, and the provider tries again.
    stored, _created = WebhookEvent.objects.get_or_create(
        provider=provider,
        event_id=event.id,
        defaults={
            "kind": event.kind,
            "order_key": event.idempotency_key,
            "amount_micro": event.amount_micro,
            "currency": event.currency,
        },
    )
    _process(stored.pk)


@transaction.atomic
def _process(event_pk: int) -> None:
    event = WebhookEvent.objects.select_for_update().get(pk=event_pk)
    if event.processed_at is not None:
        log.info("webhook.repeated", event_id=event.event_id)
        return
    top_up = _ordered(event)
    event.outcome = outcome_of(event, top_up)
    if event.outcome == Outcome.TOO_EARLY:
        raise Conflict(
            _("What this event is about has not happened here yet. Send it again."), code="webhook_too_early"
        )
    if top_up is not None and event.outcome in EFFECTS:
        EFFECTS[Outcome(event.outcome)](top_up)
    event.processed_at = timezone.now()
    event.save(update_fields=["outcome", "processed_at"])
    log.info("webhook.processed", event_id=event.event_id, kind=event.kind, outcome=event.outcome)


def _ordered(event: WebhookEvent) -> TopUp | None:
    """The order that the event is about, locked. Only the provider it was placed with may pay it."""
    order_id = top_up_id(event.order_key)
    if order_id is None:
        return None
    return TopUp.objects.select_for_update().filter(pk=order_id, provider=event.provider).first()


def _pay(top_up: TopUp) -> None:
    ledger.top_up(
        key=top_up_key(top_up), buyer_id=top_up.buyer_id, amount_micro=top_up.amount_micro, currency=top_up.currency
    )
    top_up.state, top_up.paid_at = TopUp.State.PAID, timezone.now()
    top_up.save(update_fields=["state", "paid_at"])
    announce_paid(top_up)


def _dispute(top_up: TopUp) -> None:
    assert top_up.paid_at is not None  # noqa: S101 - narrows the type: only what is paid is disputed
    ledger.open_dispute(
        key=_dispute_key(top_up),
        buyer_id=top_up.buyer_id,
        amount_micro=top_up.amount_micro,
        since=top_up.paid_at,
        currency=top_up.currency,
    )
    _move(top_up, TopUp.State.DISPUTED)


def _win(top_up: TopUp) -> None:
    key = _dispute_key(top_up)
    ledger.win_dispute(key=f"{key}:won", dispute_key=key)
    _move(top_up, TopUp.State.PAID)


def _lose(top_up: TopUp) -> None:
    """The money is gone already: the provider took it when the dispute was opened."""
    _move(top_up, TopUp.State.CHARGED_BACK)


def _dispute_key(top_up: TopUp) -> str:
    won = WebhookEvent.objects.filter(
        provider=top_up.provider, order_key=top_up_key(top_up), outcome=Outcome.WON, processed_at__isnull=False
    )
    return dispute_key(top_up, won.count())


def _move(top_up: TopUp, state: str) -> None:
    top_up.state = state
    top_up.save(update_fields=["state"])


EFFECTS: dict[Outcome, Callable[[TopUp], None]] = {
    Outcome.PAID: _pay,
    Outcome.DISPUTED: _dispute,
    Outcome.WON: _win,
    Outcome.LOST: _lose,
}


def _refuse_amount(amount_micro: int) -> None:
    if not LEAST_MICRO <= amount_micro <= MOST_MICRO or amount_micro % MICRO_PER_CENT:
        message = _("Choose a whole number of credits from %(least)s to %(most)s.") % {
            "least": format_credits(LEAST_MICRO),
            "most": format_credits(MOST_MICRO),
        }
        raise InvalidInput(message, code="invalid_amount", field="amount_micro")


def _provider(provider: str) -> PaymentProvider:
    try:
        return plugin_registry().get(PAYMENT_PROVIDER, provider)
    except PluginUnavailableError as error:
        raise NotFound(_("There is no such payment provider."), code="unknown_provider") from error


def _checkout(component: PaymentProvider, top_up: TopUp, return_url: str, webhook_url: str) -> Checkout:
    try:
        return component.start_checkout(
            CheckoutRequest(
                idempotency_key=top_up_key(top_up),
                amount_micro=top_up.amount_micro,
                currency=top_up.currency,
                return_url=return_url,
                webhook_url=webhook_url,
            )
        )
    except Exception as error:
        # A plugin may raise anything; the order stays unpaid and the buyer may start another.
        log.exception("top_up.checkout_failed", top_up=str(top_up.pk), provider=top_up.provider)
        message = _("The payment provider does not answer. Try again in a few minutes.")
        raise Unavailable(message, code="provider_unavailable") from error


def _verified(provider: str, headers: Mapping[str, str], body: bytes) -> PaymentEvent:
    component = _provider(provider)
    try:
        return component.parse_webhook(headers, body)
    except PluginError as error:
        log.warning("webhook.refused", provider=provider, reason=str(error))
        raise InvalidInput(_("This webhook is not signed as it should be."), code="webhook_refused") from error
