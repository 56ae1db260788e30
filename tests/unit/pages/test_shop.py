"""Buying and selling on pages."""

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.ledger.selectors import wallet_balance
from marketplace.orders.models import Listing, Purchase, Subscription, SubscriptionOffer
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, order
from tests.factories.ledger import CREDIT, make_buyer
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db


def delivered(seller: User) -> str:
    generation = order(seller)
    fields = {"state": "succeeded", "image_media_type": "image/png", "image_sha256": "ab" * 32}
    type(generation).objects.filter(pk=generation.pk).update(**fields)
    return str(generation.pk)


def sell(seller: User, **changes: str) -> Client:
    fields = {"title": "Harbour", "licence": "irodori-standard", "price_credits": "12,5"}
    client = signed_in(seller)
    client.post(f"/generations/{delivered(seller)}/sell/", fields | changes)
    return client


def test_a_file_is_bought_at_the_price_the_page_shows() -> None:
    buyer, version = make_buyer(), echo_version(download_price_micro=50 * CREDIT)
    client = signed_in(buyer)
    assert "Own the file: 50 credits" in client.get(f"/styles/{version.style.slug}/").content.decode()
    page = client.get(f"/buy/?kind=file&item={version.pk}")
    answer = client.post("/buy/", {"quote": page.context["quote"].token})
    purchase = Purchase.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/purchases/#purchase-{purchase.pk}")
    assert wallet_balance(buyer) == 50 * CREDIT
    assert f"/purchases/{purchase.pk}/download/" in client.get("/purchases/").content.decode()


def test_who_lacks_credit_is_told_how_much_instead_of_a_button() -> None:
    version = echo_version(download_price_micro=50 * CREDIT)
    page = signed_in(make_buyer(20)).get(f"/buy/?kind=file&item={version.pk}").content.decode()
    assert ("You need 30 credits more." in page, "data-once" in page) == (True, False)


@pytest.mark.parametrize("path", ["/buy/?kind=file&item=1", "/buy/", "/buy/?kind=picture&item=x"])
def test_what_is_not_for_sale_is_not_found(path: str) -> None:
    assert signed_in(make_buyer()).get(path).status_code == 404


def test_a_forged_quote_buys_nothing() -> None:
    assert signed_in(make_buyer()).post("/buy/", {"quote": "forged"}).status_code == 400
    assert not Purchase.objects.exists()


def test_a_finished_picture_is_put_up_for_sale_and_taken_out_again() -> None:
    seller = make_buyer()
    client = sell(seller)
    listing = Listing.objects.get()
    assert (listing.title, listing.price_micro) == ("Harbour", 125_000)
    assert "Harbour" in Client().get("/shop/").content.decode()
    assert "Buy for 12.5 credits" in Client().get(f"/shop/{listing.pk}/").content.decode()
    client.post(f"/shop/{listing.pk}/withdraw/")
    assert Client().get(f"/shop/{listing.pk}/").status_code == 404


@pytest.mark.parametrize("price", ["", "0", "-1", "much", "NaN", "1e40", "0.00001"])
def test_a_price_that_is_none_lists_nothing(price: str) -> None:
    sell(make_buyer(), price_credits=price)
    assert not Listing.objects.exists()


def test_another_persons_purchase_and_listing_do_not_exist() -> None:
    sell(make_buyer())
    listing, stranger = Listing.objects.get(), signed_in(make_user())
    assert stranger.post(f"/shop/{listing.pk}/withdraw/").status_code == 404
    page = signed_in(buyer := make_buyer()).get(f"/buy/?kind=picture&item={listing.pk}")
    signed_in(buyer).post("/buy/", {"quote": page.context["quote"].token})
    assert stranger.get(f"/purchases/{Purchase.objects.get().pk}/download/").status_code == 404


def test_a_creator_offers_and_closes_a_subscription_and_a_subscriber_stops_it() -> None:
    creator, buyer = make_user(), make_buyer()
    signed_in(creator).post("/studio/subscription/", {"price_credits": "30"})
    assert SubscriptionOffer.objects.get().price_micro == 30 * CREDIT
    page = signed_in(buyer).get(f"/buy/?kind=subscription&item={creator.pk}")
    signed_in(buyer).post("/buy/", {"quote": page.context["quote"].token})
    assert "Renews on" in signed_in(buyer).get("/purchases/").content.decode()
    signed_in(buyer).post(f"/subscriptions/{creator.pk}/stop/")
    assert not Subscription.objects.get().renews
    signed_in(creator).post("/studio/subscription/", {"price_credits": ""})
    assert not SubscriptionOffer.objects.get().open
