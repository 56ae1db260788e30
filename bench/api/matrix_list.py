"""A partner's list of what it may license among 100,000 versions, beside a bare DRF view that lists as many rows unfiltered."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db import connection
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from bench.common import Row, row
from bench.timing import in_words, percentile, seconds
from marketplace.accounts.models import User
from marketplace.accounts.organisations import create_organisation
from marketplace.accounts.tokens import create_token
from marketplace.catalogue.models import BaseModel, Pack, Style, StyleVersion
from marketplace.licences.columns import columns_of
from marketplace.licences.policy import Policy
from marketplace.partners.api import LicensableView
from marketplace.partners.matrix import keep

VERSIONS = 100_000
TURNS, LISTS = 5, 80
AT_ONCE = 5_000
# One that every hub answers to.
HOST = "localhost"
# What is asked for, in turns: everything, common terms, rare ones, and what only the oldest 500 versions permit.
ASKED = (
    "",
    "?permissions=merging",
    "?permissions=commercial_use,derivatives&territory=JP",
    "?permissions=resale_through_partners&territory=DE,FR",
    "?permissions=training_on_outputs",
)
FREE: dict[str, Any] = {"commercial_use": True, "merging": True}


def rows() -> list[Row]:
    """Needs an empty database with its tables made."""
    token = _fill()
    own, bare = LicensableView.as_view(), BareView.as_view()
    addresses = [f"/api/v1/partner/licensable{asked}" for asked in ASKED] + [_second_page(own, token)]
    quotients, times = [], {"ours": list[float](), "bare": list[float]()}
    for turn in range(TURNS + 1):
        ours, theirs = [], []
        for number in range(LISTS):
            ours.append(_took(own, addresses[number % len(addresses)], token))
            theirs.append(_took(bare, "/", token))
        if turn:  # the first only warms up
            quotients.append(percentile(ours, 0.95) / percentile(theirs, 0.95))
            times["ours"] += ours
            times["bare"] += theirs
    what = f"listing 50 licensable of {VERSIONS:,} versions, p95 of {LISTS}, against a bare DRF view"
    return [
        row("matrix_list", what, "x", "≤ 3 x", quotients, "; ".join(f"{n} {in_words(t)}" for n, t in times.items()))
    ]


class BareSerializer(serializers.ModelSerializer[StyleVersion]):
    class Meta:
        model = StyleVersion
        fields = (
            "id",
            "number",
            "licence",
            "trigger_words",
            "price_micro",
            "state",
            "published_at",
            "style_id",
            "pack_id",
        )


class NewestFirst(CursorPagination):
    ordering, page_size = "-pk", 50


class BareView(ListAPIView[StyleVersion]):
    queryset = StyleVersion.objects.all()
    serializer_class, pagination_class = BareSerializer, NewestFirst


def _second_page(view: Callable[..., Response], token: str) -> str:
    return str(_answer(view, "/api/v1/partner/licensable", token).data["next"]).removeprefix(f"http://{HOST}")


def _took(view: Callable[..., Response], address: str, token: str) -> float:
    return seconds(lambda: _answer(view, address, token))


def _answer(view: Callable[..., Response], address: str, token: str) -> Response:
    response = view(APIRequestFactory(SERVER_NAME=HOST).get(address, HTTP_AUTHORIZATION=f"Bearer {token}"))
    assert response.status_code == 200, response.data
    response.render()
    return response


def _fill() -> str:
    """Versions of one creator under terms as a catalogue has them; returns a partner's token."""
    creator = User.objects.create(email="maker@bench.example", display_name="Maker")
    owner = User.objects.create(email="owner@bench.example", display_name="Owner")
    organisation = create_organisation(name="Agency", slug="agency", owner=owner)
    assert organisation.account is not None
    base = BaseModel.objects.create(
        slug="bench", title="Bench", engine="echo", licence="Apache-2.0", default_side=64, min_side=8, max_side=512
    )
    made = _made(creator, base)
    while page := list(islice(made, AT_ONCE)):
        Pack.objects.bulk_create(version.pack for version in page)
        Style.objects.bulk_create(version.style for version in page)
        StyleVersion.objects.bulk_create(page)
    keep()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return create_token(user=organisation.account)[1]


def _made(creator: User, base: BaseModel) -> Iterator[StyleVersion]:
    for number in range(VERSIONS):
        pack = Pack(sha256=uuid4().hex, key=f"k{number}", kind="lora", size=1, rank=8, modules=1, base_model=base)
        style = Style(creator=creator, slug=f"style-{number}", title=f"Style {number}")
        fields = {"licence": "irodori-standard", "price_micro": 10_000, "creator_share_bp": 7_000}
        yield StyleVersion(style=style, number=1, pack=pack, **fields, **columns_of(_policy(number)))


def _policy(number: int) -> Policy:
    """Half for everything but training, some for others or few countries, some not at all; training by the oldest alone."""
    if number < 500:
        return Policy(**FREE, training_on_outputs=True, opt_outs=())
    terms: list[dict[str, Any]] = [
        *[FREE | {"derivatives": True, "resale_through_partners": True}] * 5,
        FREE,
        {"commercial_use": True, "territory": ("DE", "FR", "IT"), "resale_through_partners": True},
        {"commercial_use": True, "partners": ("another",)},
        {"commercial_use": True, "expires": date(2030, 1 + number % 12, 1)},
        {},
    ]
    return Policy(**terms[number % len(terms)])
