"""What may happen in one step. Each action reads its choices from its own dice, so that a history can be shortened."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from hub import jobs
from marketplace.batches import services as batches
from marketplace.batches.models import Batch
from marketplace.generation import services as generations
from marketplace.generation.models import Generation
from marketplace.generation.pacing import pace
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.ledger import services as ledger
from marketplace.ledger.models import Transaction
from marketplace.orders import purchases
from marketplace.orders.listings import list_picture
from marketplace.orders.models import Listing, Purchase, Subscription, TopUp
from marketplace.orders.services import receive_webhook, start_top_up
from plugins.sandbox_payments.plugin import SandboxConfig
from plugins.sandbox_payments.signature import signed_headers
from tests.simulation.world import Webhook, World

HOLDBACK = timedelta(days=7)
URL = "http://hub.example/"


def start_paying(world: World, dice: Random) -> None:
    """A checkout that is paid, once or in two events; when they arrive is another action's."""
    amount = dice.randint(1, 30) * 1_000_000
    buyer = dice.choice(world.buyers)
    start_top_up(buyer=buyer, amount_micro=amount, return_url=URL, webhook_url=URL)
    order = TopUp.objects.filter(buyer=buyer).latest("created_at")
    world.paid.add(str(order.pk))
    for number in range(dice.choice((1, 1, 2))):
        world.webhooks.append(signed_webhook(order, number, amount))


def deliver_webhook(world: World, dice: Random) -> None:
    if world.webhooks:
        webhook = dice.choice(world.webhooks)
        receive_webhook(provider="sandbox", headers=webhook.headers, body=webhook.body)
        if dice.random() < 0.6:
            world.webhooks.remove(webhook)


def call_back(world: World, dice: Random) -> None:
    """A bank disputes a payment, and decides, in whatever order the events arrive."""
    order = _any(TopUp.objects.exclude(state="pending").order_by("created_at", "pk"), dice)
    if order is not None:
        kind = dice.choice(("payment.disputed", "payment.disputed", "dispute.won", "dispute.lost"))
        world.webhooks.append(signed_webhook(order, dice.randint(10, 12), order.amount_micro, kind=kind))
        deliver_webhook(world, dice)


def forge_webhook(world: World, dice: Random) -> None:
    """For an order that nobody paid, or another amount, signed with another secret."""
    start_top_up(buyer=dice.choice(world.buyers), amount_micro=5_000_000, return_url=URL, webhook_url=URL)
    order = TopUp.objects.latest("created_at")
    forged = signed_webhook(order, 0, dice.choice((5_000_000, 500_000_000)), secret="guessed")
    receive_webhook(provider="sandbox", headers=forged.headers, body=forged.body)


def order_image(world: World, dice: Random) -> None:
    chosen = dice.sample(world.versions, dice.choice((0, 1, 1, 2)))
    request = GenerationRequest(
        base_model="echo",
        prompt="a harbour",
        adapters=tuple(AdapterChoice(version.pk, 1.0) for version in chosen),
        steps=4,
        seed=7,
    )
    buyer = dice.choice(world.buyers)
    token = generations.quote(buyer=buyer, request=request)[1].text if dice.random() < 0.3 else ""
    generations.request_generation(buyer=buyer, request=request, quote=token)


def order_batch(world: World, dice: Random) -> None:
    """A few pictures as one order; some have credit for some of them only."""
    chosen = dice.sample(world.versions, dice.choice((0, 1)))
    request = GenerationRequest(
        base_model="echo",
        prompt="harbours",
        adapters=tuple(AdapterChoice(version.pk, 1.0) for version in chosen),
        steps=4,
    )
    requests = [replace(request, seed=number) for number in range(dice.randint(1, 5))]
    buyer = dice.choice(world.buyers)
    token = batches.quote_batch(buyer=buyer, requests=requests)[1].text if dice.random() < 0.3 else ""
    batches.request_batch(buyer=buyer, requests=requests, quote=token)


def cancel_batch(world: World, dice: Random) -> None:
    batch = _any(Batch.objects.order_by("created_at", "pk"), dice)
    if batch is not None:
        batches.cancel_rest(batch=batch)


def pace_batches(world: World, dice: Random) -> None:
    pace()
    batches.finish_batches()


def take_job(world: World, dice: Random) -> None:
    """A worker says that it starts; now and then the broker hands the same job to another, too."""
    if world.jobs:
        job = dice.choice(world.jobs)
        if dice.random() < 0.8:
            world.jobs.remove(job)
        world.taken.append(job)
        generations.started(jobs.GenerationStarted(id=job.id, attempt=job.attempt, worker=_worker(dice)))


def beat(world: World, dice: Random) -> None:
    if world.taken:
        job = dice.choice(world.taken)
        generations.heartbeat(
            jobs.GenerationHeartbeat(id=job.id, attempt=job.attempt, worker=_worker(dice), step=2, steps=4)
        )


def finish_job(world: World, dice: Random) -> None:
    """With an image; the report may come again later."""
    if world.taken:
        job = dice.choice(world.taken)
        if dice.random() < 0.7:
            world.taken.remove(job)
        generations.succeeded(_success(world, job, dice))


def fail_job(world: World, dice: Random) -> None:
    if world.taken:
        job = dice.choice(world.taken)
        if dice.random() < 0.8:
            world.taken.remove(job)
        generations.failed(
            jobs.GenerationFailed(
                id=job.id,
                attempt=job.attempt,
                worker=_worker(dice),
                code="engine_crashed",
                message="It stopped.",
                retryable=dice.random() < 0.6,
            )
        )


def hand_back_job(world: World, dice: Random) -> None:
    """The worker stops; its report may come again after others have taken the job."""
    if world.taken:
        job = dice.choice(world.taken)
        if dice.random() < 0.8:
            world.taken.remove(job)
        generations.handed_back(jobs.GenerationHandedBack(id=job.id, attempt=job.attempt, worker=_worker(dice)))


def lose_job(world: World, dice: Random) -> None:
    """The worker dies with it, or the broker forgets it."""
    lost = world.taken if dice.random() < 0.5 else world.jobs
    if lost:
        lost.remove(dice.choice(lost))


def cancel(world: World, dice: Random) -> None:
    if found := _any(Generation.objects.order_by("created_at", "pk"), dice):
        generations.cancel(generation=found)


def reap(world: World, dice: Random) -> None:
    generations.reap(now=timezone.now())


def buy(world: World, dice: Random) -> None:
    """With a fresh quote, or one of some time ago, perhaps used before."""
    if not world.quotes or dice.random() < 0.7:
        buyer = dice.choice(world.buyers)
        kind, item = _something_for_sale(world, dice)
        world.quotes.append((buyer, purchases.quote_purchase(buyer=buyer, kind=kind, item=item).token))
    buyer, token = dice.choice(world.quotes)
    purchases.buy(buyer=buyer, quote=token)


def sell_picture(world: World, dice: Random) -> None:
    if found := _any(Generation.objects.filter(state="succeeded").order_by("created_at", "pk"), dice):
        list_picture(
            seller=next(buyer for buyer in world.buyers if buyer.pk == found.buyer_id),
            generation=found,
            title="A picture",
            licence="irodori-standard",
            price_micro=333_333,
        )


def renew(world: World, dice: Random) -> None:
    if ending := Subscription.objects.order_by("until").first():
        world.now = max(world.now, ending.until - timedelta(hours=dice.randint(1, 30)))
    purchases.renew_subscriptions(now=world.now)


def refund_payment(world: World, dice: Random) -> None:
    """Part of an image's price, or all of it."""
    payments = Transaction.objects.filter(kind="capture").order_by("created_at", "pk")
    if payment := _any(payments, dice):
        amount = dice.choice((None, 1, 777, 10_000))
        with transaction.atomic():
            ledger.refund(key=f"refund:{dice.randint(0, 5)}:{payment.pk}", payment_key=payment.key, amount_micro=amount)


def refund_purchase(world: World, dice: Random) -> None:
    if purchase := _any(Purchase.objects.filter(refunded_at=None).order_by("created_at", "pk"), dice):
        purchases.refund_purchase(purchase=purchase)


def undo_refund(world: World, dice: Random) -> None:
    refunds = Transaction.objects.filter(kind="refund", key__startswith="refund:").order_by("created_at", "pk")
    if refund := _any(refunds, dice):
        with transaction.atomic():
            ledger.reinstate(key=f"{refund.key}:undone", correction_key=refund.key)


def keep(world: World, dice: Random) -> None:
    """What the ledger's clock does each minute."""
    ledger.release_due(before=timezone.now() - HOLDBACK)


def checkpoint(world: World, dice: Random) -> None:
    owner = dice.choice(world.buyers + world.creators)
    for account in owner.ledger_accounts.all():
        ledger.add_checkpoint(account.pk)


def wait(world: World, dice: Random) -> None:
    world.travel(dice.choice((timedelta(seconds=40), timedelta(minutes=11), timedelta(hours=25), timedelta(days=8))))


def broker_stumbles(world: World, dice: Random) -> None:
    world.broker_is_down = not world.broker_is_down


def crash_soon(world: World, dice: Random) -> None:
    """The process that posts next, or the one after, stops before it commits."""
    world.crash_after_posts = dice.randint(0, 2)


R = TypeVar("R", bound=Model)
Action = Callable[[World, Random], None]
ACTIONS: dict[str, tuple[Action, int]] = {
    action.__name__: (action, weight)
    for action, weight in (
        *((start_paying, 6), (deliver_webhook, 10), (forge_webhook, 2), (order_image, 14), (take_job, 12)),
        *(
            (beat, 3),
            (finish_job, 12),
            (fail_job, 4),
            (lose_job, 3),
            (hand_back_job, 2),
            (cancel, 4),
            (reap, 6),
            (buy, 6),
        ),
        *((order_batch, 3), (cancel_batch, 1), (pace_batches, 3)),
        *((sell_picture, 3), (renew, 1), (refund_payment, 4), (refund_purchase, 2), (undo_refund, 2), (keep, 6)),
        *((call_back, 3), (checkpoint, 3), (wait, 5), (broker_stumbles, 1), (crash_soon, 3)),
    )
}


def signed_webhook(
    order: TopUp, number: int, amount_micro: int, secret: str = "", kind: str = "payment.succeeded"
) -> Webhook:
    body = json.dumps(
        {
            "kind": kind,
            "idempotency_key": f"top_up:{order.pk}",
            "amount_micro": amount_micro,
            "currency": "USD",
        }
    ).encode()
    headers = signed_headers(
        secret or SandboxConfig().webhook_secret, f"{order.pk}-{kind}-{number}", int(time.time()), body
    )
    return Webhook(headers, body)


def _success(world: World, job: jobs.GenerateJob, dice: Random) -> jobs.GenerationSucceeded:
    content = world.draw(job)
    return jobs.GenerationSucceeded(
        id=job.id,
        attempt=job.attempt,
        worker=_worker(dice),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        media_type="text/plain",
        width=job.width,
        height=job.height,
        seed=job.seed,
        seconds=1.0,
    )


def _worker(dice: Random) -> str:
    return dice.choice(("generate@a#1", "generate@b#1"))


def _something_for_sale(world: World, dice: Random) -> tuple[str, str]:
    kind = dice.choice(("file", "subscription", "picture"))
    if kind == "subscription":
        return kind, str(dice.choice(world.creators).pk)
    if kind == "picture" and (listing := _any(Listing.objects.order_by("created_at", "pk"), dice)):
        return kind, str(listing.pk)
    return "file", str(dice.choice(world.versions).pk)


def _any(rows: QuerySet[R], dice: Random) -> R | None:
    found = list(rows[:50])
    return dice.choice(found) if found else None
