"""Pages of batches: priced before they are ordered, shown while they are drawn, and nobody else's."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from marketplace.batches.models import Batch
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from tests.factories.accounts import make_user
from tests.factories.batches import images_of, make_batch
from tests.factories.catalogue import make_version, tiny_sdxl_base
from tests.factories.ledger import make_buyer

pytestmark = pytest.mark.django_db
NEW, QUOTE = "/batches/new/", "/batches/quote/"


def client_of(person: object) -> Client:
    client = Client()
    client.force_login(person)  # type: ignore[arg-type]  # a person is what is given
    return client


def test_what_was_quoted_is_ordered_one_picture_to_a_line() -> None:
    version, buyer = make_version(), make_buyer()
    client = client_of(buyer)
    page = client.get(f"{NEW}?version={version.pk}").content.decode()
    assert version.style.title in page
    said = {"version": version.pk, "prompts": "a fox\n\n an owl \n", "size": "128x128", "name": "Animals"}
    quoted = client.post(QUOTE, said).content.decode()
    assert "2 pictures cost" in quoted
    token = re.search(r'name="quote" value="([^"]+)"', quoted)
    assert token is not None
    answer = client.post(NEW, said | {"quote": token[1]})
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("pages:batch", args=[batch.pk])
    assert (batch.name, [row.prompt for row in images_of(batch)]) == ("Animals", ["a fox", "an owl"])
    assert held_balance(buyer) == batch.price_micro


def test_a_line_that_can_not_be_drawn_is_named_and_kept() -> None:
    tiny_sdxl_base()
    answer = client_of(make_buyer()).post(NEW, {"prompts": f"a fox\n{'x' * 2_001}", "size": "128x128"})
    page = answer.content.decode()
    assert (answer.status_code, "Prompt 2:" in page, "a fox" in page) == (400, True, True)
    assert not Batch.objects.exists()


def test_without_enough_credit_it_says_so() -> None:
    tiny_sdxl_base()
    answer = client_of(make_user()).post(NEW, {"prompts": "a fox", "size": "128x128"})
    assert (answer.status_code, Batch.objects.count()) == (402, 0)


def test_the_page_asks_again_until_all_have_ended() -> None:
    batch = make_batch(size=2)
    client, address = client_of(batch.buyer), reverse("pages:batch", args=[batch.pk])
    assert "every 2s" in client.get(address).content.decode()
    assert "0 of 2 done" in client.get("/batches/").content.decode()
    client.post(reverse("pages:batch_cancel", args=[batch.pk]))
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert ("every 2s" in fragment, "2 of 2 done" in fragment, "<html" in fragment) == (False, True, False)
    assert {row.state for row in Generation.objects.all()} == {"cancelled"}


@pytest.mark.parametrize("path", ["", "cancel/"])
def test_anothers_batch_does_not_exist(path: str) -> None:
    batch = make_batch()
    client = client_of(make_user())
    address = f"/batches/{batch.pk}/{path}"
    assert (client.post(address) if path else client.get(address)).status_code == 404


@pytest.mark.parametrize("path", ["/batches/", NEW])
def test_strangers_are_asked_to_sign_in(path: str) -> None:
    assert Client().get(path).status_code == 302
