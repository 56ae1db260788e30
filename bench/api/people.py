"""Someone who buys, a style to buy, and the program that orders it."""

import httpx
from django.db import transaction

from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from marketplace.catalogue.models import BaseModel, Pack, Style, StyleVersion
from marketplace.ledger import services as ledger
from marketplace.payouts.services import freeze_version_plan

ENOUGH = 10**12


def buyer(name: str) -> User:
    # No password: nobody signs in, and a hash takes a third of a second.
    person = User.objects.create(email=f"{name}@bench.example", display_name=name)
    with transaction.atomic():
        ledger.top_up(key=f"top_up:{name}", buyer_id=person.pk, amount_micro=ENOUGH)
    return person


def program_of(person: User, url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {token_of(person)}"})


def token_of(person: User) -> str:
    token: str = create_token(user=person)[1]
    return token


def style_version() -> StyleVersion:
    base = BaseModel.objects.create(
        slug="echo", title="Echo", engine="echo", licence="Apache-2.0", default_side=64, min_side=8, max_side=512
    )
    pack = Pack.objects.create(
        base_model=base, sha256="0" * 64, key="packs/0", kind="lora", size=4096, rank=8, modules=16
    )
    creator = User.objects.create(email="creator@bench.example", display_name="Creator")
    style = Style.objects.create(slug="washed-ink", title="Washed Ink", creator=creator)
    version = StyleVersion.objects.create(
        style=style, pack=pack, number=1, licence="irodori-standard", price_micro=10_000, creator_share_bp=7_000
    )
    freeze_version_plan(version, ())
    return version
