"""One of everything that addresses and bodies of the API name, made for an owner: for tests that walk the whole API.

A new resource has a maker here, under the segment of the address before its id, or under the field of a body that names
it. Where an operation needs it in another state, there is a second maker under the operation itself. Whose id is the second
of its address lies within the first, and is made in it.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
from django.utils import timezone

from hub import keys
from hub.object_store import object_store
from marketplace.accounts.credentials import make_credential
from marketplace.accounts.invitations import invite, link_token
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.organisations import create_organisation, give_account
from marketplace.accounts.scopes import Scope
from marketplace.accounts.tokens import create_token
from marketplace.batches.models import Batch
from marketplace.batches.services import cancel_rest
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.generation.pictures import store_picture
from marketplace.ledger.models import Transaction
from marketplace.ledger.sealing.sealer import seal_waiting
from marketplace.ledger.sealing.waiting import Look
from marketplace.orders.listings import list_picture
from marketplace.orders.models import Listing, Purchase, SubscriptionOffer, TopUp
from marketplace.orders.purchases import buy, quote_purchase
from marketplace.partners.accounts import enrolled
from marketplace.partners.licensing import quote_grant
from marketplace.partners.models import Partner
from marketplace.partners.statements import close_months
from marketplace.uploads.models import Upload
from marketplace.uploads.services import part_url, start_upload
from marketplace.webhooks.models import Endpoint
from tests.factories.accounts import make_user
from tests.factories.batches import make_batch
from tests.factories.catalogue import make_pack, make_version, tiny_sdxl_base
from tests.factories.generation import echo_version, order, started, stored
from tests.factories.ledger import CREDIT, give_credit
from tests.factories.partners import deliver, licensable_version, make_grant, order_under, wanted
from tests.factories.sealing import KEYS
from tests.factories.stability import png
from tests.factories.uploads import ready_upload
from tests.factories.webhooks import make_delivery, make_endpoint

Maker = Callable[[User], object]
# Words that must never reach anybody but the owner, in whatever answer.
SECRET = "only-the-owner-knows"
CONTENT = b"as long as announced"
_numbers = count(1)


def make_owner(email: str | None = f"{SECRET}@example.org") -> User:
    """Rich, and without an address given of one of their own."""
    return give_credit(make_user(display_name="Owner", **({"email": email} if email else {})), 10_000)


def make_partner(organisation_name: str = SECRET) -> User:
    """A rich organisation's account, which has licensed before."""
    number = next(_numbers)
    made = create_organisation(name=organisation_name, slug=f"partner-{number}", owner=make_user())
    account = give_credit(give_account(made), 10_000)
    enrolled(account)
    return account


def queued(owner: User) -> Generation:
    return order(owner, prompt=SECRET)


def running(owner: User) -> Generation:
    generation = queued(owner)
    services.started(started(generation, attempt=1))
    generation.refresh_from_db()
    return generation


def finished(owner: User) -> Generation:
    generation = running(owner)
    services.succeeded(stored(generation, fresh_png(), media_type="image/png"))
    generation.refresh_from_db()
    assert generation.state == Generation.State.SUCCEEDED
    return generation


def licensed(owner: User) -> Generation:
    """A delivered image under a grant."""
    return deliver(order_under(owner, make_grant(owner), prompt=SECRET))


def grant_quote(owner: User) -> str:
    return quote_grant(account=owner, wanted=wanted(licensable_version())).token


def month_that_is_over(owner: User) -> str:
    partner = enrolled(owner)
    Partner.objects.filter(pk=partner.pk).update(created_at=timezone.now() - timedelta(days=40))
    close_months(now=timezone.now())
    return partner.statements.latest("month").month


def ended_batch(owner: User) -> Batch:
    batch = make_batch(owner)
    cancel_rest(batch=batch)
    return batch


def client(owner: User) -> int:
    made, _ = make_credential(kind="client", account=owner, name=SECRET, scopes=[Scope.EVERYTHING])
    return made.pk


def organisation(owner: User) -> str:
    number = next(_numbers)
    return create_organisation(name=f"{SECRET} {number}", slug=f"studio-{number}", owner=owner).slug


def member(_owner: User, slug: str) -> int:
    user = make_user(display_name=SECRET)
    Membership.objects.create(organisation=Organisation.objects.get(slug=slug), user=user)
    return user.pk


def invitation(owner: User, slug: str) -> int:
    email = f"{SECRET}-{next(_numbers)}@example.org"
    of = Organisation.objects.get(slug=slug)
    return invite(organisation=of, email=email, role="member", invited_by=owner).pk


def invited(owner: User) -> str:
    """The token of a link that another's organisation sent them."""
    host = make_user()
    of = create_organisation(name=SECRET, owner=host)
    return link_token(invite(organisation=of, email=owner.email, role="member", invited_by=host))


def endpoint(owner: User) -> Endpoint:
    return make_endpoint(account=owner, description=SECRET)


def listing(owner: User) -> Listing:
    return list_picture(
        seller=owner, generation=finished(owner), title="Harbour", licence="irodori-standard", price_micro=CREDIT
    )


def purchase_quote(owner: User) -> str:
    return quote_purchase(buyer=owner, kind="file", item=str(file_for_sale(owner))).token


def file_for_sale(_owner: User) -> int:
    """A version of somebody else, with its file in the store."""
    content = f"file {Upload.objects.count()}".encode()
    upload = ready_upload(size=len(content))
    object_store().put(keys.source(upload.sha256), content, "application/octet-stream")
    return make_version(pack=upload.pack, download_price_micro=CREDIT).pk


def purchase(owner: User) -> Purchase:
    return buy(buyer=owner, quote=purchase_quote(owner))


def subscribed_to(owner: User) -> int:
    creator = SubscriptionOffer.objects.create(creator=make_user(), price_micro=CREDIT).creator
    buy(buyer=owner, quote=quote_purchase(buyer=owner, kind="subscription", item=str(creator.pk)).token)
    return creator.pk


def asking_creator(owner: User) -> int:
    SubscriptionOffer.objects.update_or_create(creator=owner, defaults={"price_micro": CREDIT})
    return owner.pk


def receiving(owner: User) -> Upload:
    tiny_sdxl_base()
    name = f"{SECRET}.safetensors"
    Upload.objects.filter(owner=owner, state=Upload.State.RECEIVING).update(state=Upload.State.ABORTED)
    return start_upload(owner=owner, file_name=name, size=len(CONTENT), base_model="tiny-sdxl")


def ready(owner: User) -> Upload:
    return ready_upload(owner=owner, file_name=f"{SECRET}.safetensors")


def fine_tune(owner: User) -> Upload:
    return ready_upload(owner=owner, pack=make_pack(kind="fine_tune", rank=0), file_name=f"{SECRET}.safetensors")


def made_by_the_hub(owner: User) -> Upload:
    upload = ready_upload(owner=owner, extraction={"error": 0.1}, size=len(CONTENT))
    object_store().put(keys.source(upload.sha256), CONTENT, "application/octet-stream")
    return upload


def receipt(owner: User) -> object:
    give_credit(owner, 1)
    return Transaction.objects.filter(kind="top_up", entries__account__owner=owner).latest("created_at").pk


def sealed(owner: User) -> object:
    number = receipt(owner)
    seal_waiting(KEYS, Look.ALL)

    return number


def fresh_png() -> bytes:
    """Unlike all others: the store outlives each test, and persons' numbers are used again."""
    number = next(_numbers)
    return png((64, 64), colour=(number % 256, number // 256 % 256, 7))


def sent_part(owner: User, upload: str) -> list[dict[str, Any]]:
    """What a client says of the one part of an upload once the store has it."""
    address = part_url(upload=Upload.objects.get(pk=upload, owner=owner), number=1)
    return [{"number": 1, "etag": httpx.put(address, content=CONTENT).headers["ETag"]}]


# By the segment of an address before its id, or by "METHOD address".
MAKERS: dict[str, Maker] = {
    "batches": lambda owner: make_batch(owner, prompt=SECRET).pk,
    "GET /api/v1/batches/{id}/events": lambda owner: ended_batch(owner).pk,
    "creators": asking_creator,
    "generations": lambda owner: finished(owner).pk,
    "GET /api/v1/generations/{id}/receipt": lambda owner: licensed(owner).pk,
    "GET /api/v1/generations/{id}/preview": lambda owner: running(owner).pk,
    "POST /api/v1/generations/{id}/cancel": lambda owner: queued(owner).pk,
    "grants": lambda owner: make_grant(owner).pk,
    "keys": lambda owner: create_token(user=owner, name=SECRET)[0].pk,
    "listings": lambda owner: listing(owner).pk,
    "oauth-clients": client,
    "organisations": organisation,
    "pictures": lambda owner: store_picture(owner=owner, content=fresh_png()),
    "proofs": sealed,
    "purchases": lambda owner: purchase(owner).pk,
    "receipts": receipt,
    "statements": month_that_is_over,
    "styles": lambda owner: make_version(creator=owner).style.slug,
    "subscriptions": subscribed_to,
    "top-ups": lambda owner: TopUp.objects.create(buyer=owner, provider="sandbox", amount_micro=5_000_000).pk,
    "uploads": lambda owner: receiving(owner).pk,
    "POST /api/v1/uploads/{id}/lora": lambda owner: fine_tune(owner).pk,
    "GET /api/v1/uploads/{id}/file": lambda owner: made_by_the_hub(owner).pk,
    "versions": lambda owner: make_version(creator=owner).pk,
    "webhooks": lambda owner: endpoint(owner).pk,
}
# What lies within another thing, by its segment; made for the owner in the one that the first id names.
WITHIN: dict[str, Callable[[User, Any], object]] = {
    "deliveries": lambda _owner, endpoint: make_delivery(Endpoint.objects.get(pk=endpoint)).pk,
    "invitations": invitation,
    "members": member,
    "parts": lambda _owner, _upload: 1,
    "versions": lambda _owner, _style: 1,
}
# By the field of a body, or by "METHOD address field".
FIELDS: dict[str, Maker] = {
    "adapters": lambda _owner: [{"version": echo_version().pk, "weight": 0.8}],
    "base_model": lambda _owner: "echo",
    "defaults": lambda _owner: {"base_model": "echo"},
    "generation": lambda owner: finished(owner).pk,
    "item": file_for_sale,
    "link": invited,
    "POST /api/v1/partner/grants quote": grant_quote,
    "quote": purchase_quote,
    "upload": lambda owner: ready(owner).pk,
    "version": lambda _owner: licensable_version().pk,
}
# Fields whose value is somebody's own: with it, another's request must be refused.
OWN_FIELDS = {"generation", "quote", "upload"}
