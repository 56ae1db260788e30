"""A model's file, bought and handed over with the address of its card."""

import pytest
from django.test import Client

from hub import keys
from hub.object_store import object_store
from marketplace.licences import card
from marketplace.orders.purchases import buy, quote_purchase
from tests.factories.catalogue import make_version
from tests.factories.ledger import make_buyer
from tests.factories.uploads import ready_upload

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]


def test_a_bought_file_comes_with_its_model_card(client: Client) -> None:
    content, buyer = b"a file of tensors", make_buyer()
    upload = ready_upload(size=len(content), file_name="ink.safetensors")
    object_store().put(keys.source(upload.sha256), content, "application/octet-stream")
    version = make_version(pack=upload.pack, download_price_micro=10_000, licence="CC-BY-4.0")
    purchase = buy(buyer=buyer, quote=quote_purchase(buyer=buyer, kind="file", item=str(version.pk)).token)
    client.force_login(buyer)
    answer = client.get(f"/purchases/{purchase.pk}/download/")
    assert (b"".join(answer), answer["Content-Disposition"]) == (content, 'attachment; filename="ink.safetensors"')
    address, *terms = answer["Link"].split("; ")
    assert terms == ['rel="describedby"', 'type="text/markdown"']
    path = address.strip("<>").removeprefix("http://testserver")
    assert path in client.get("/purchases/").content.decode()
    assert card.read_policy(client.get(path).content.decode()) == version.policy
