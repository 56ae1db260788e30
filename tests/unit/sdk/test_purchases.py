"""What is bought and what was paid, against the real site, blocking and awaited."""

from pathlib import Path

import pytest

from irodori_client import NotFoundError
from marketplace.ledger.selectors import wallet_balance
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, order, paid
from tests.factories.ledger import make_buyer
from tests.unit.sdk.conftest import Hub

pytestmark = pytest.mark.django_db


def test_a_movement_leads_to_its_receipt(hub: Hub, tmp_path: Path) -> None:
    buyer, creator = make_buyer(2), make_user(display_name="Mara")
    made = paid(order(buyer, echo_version(creator=creator)))
    movements = hub.every(buyer, lambda client: client.wallet.movements())
    [of_image] = [each for each in movements if each.receipt and each.generation == made.pk]
    receipt = hub.do(buyer, lambda client: client.receipts.get(of_image.receipt))
    assert (receipt.total_micro, receipt.generation) == (made.price_micro, made.pk)
    assert sum(line.amount_micro for line in receipt.split) == receipt.total_micro
    path = tmp_path / "receipt.pdf"
    assert hub.do(buyer, lambda client: client.receipts.save(of_image.receipt, path)) == path
    assert path.read_bytes().startswith(b"%PDF")
    with pytest.raises(NotFoundError):
        hub.do(make_user(), lambda client: client.receipts.get(of_image.receipt))


def test_a_file_is_bought_once_at_the_price_that_was_quoted(hub: Hub) -> None:
    buyer, version = make_buyer(600), echo_version(download_price_micro=5_000_000)
    quote = hub.do(buyer, lambda client: client.purchases.quote("file", version.pk))
    bought = hub.do(buyer, lambda client: client.purchases.buy(quote))
    assert (bought.kind, bought.version, bought.price_micro) == ("file", version.pk, quote.total_micro)
    assert wallet_balance(buyer) == 6_000_000 - quote.total_micro
    assert [each.id for each in hub.every(buyer, lambda client: client.purchases.all())] == [bought.id]
    assert hub.do(buyer, lambda client: client.purchases.get(bought.id)) == bought
    assert hub.do(buyer, lambda client: client.purchases.buy(quote)) == bought
    assert wallet_balance(buyer) == 6_000_000 - quote.total_micro


def test_a_top_up_says_whether_it_is_paid(hub: Hub) -> None:
    buyer = make_user()
    checkout = hub.do(buyer, lambda client: client.wallet.top_up(5_000_000))
    [found] = hub.every(buyer, lambda client: client.wallet.top_ups())
    assert (found.state, found.amount_micro) == ("pending", 5_000_000)
    assert hub.do(buyer, lambda client: client.wallet.top_up_state(found.id)) == found
    assert checkout.url


def test_people_see_themselves_their_styles_and_their_versions(hub: Hub) -> None:
    creator = make_user(display_name="Mara")
    parent = echo_version(creator=creator, may_be_derived=True)
    child = echo_version(creator=creator, parents=[parent], style=parent.style, number=2)
    account = hub.do(creator, lambda client: client.account.get())
    assert (account.display_name, account.organisations) == ("Mara", ())
    [own] = hub.every(creator, lambda client: client.styles.own())
    assert {version.id for version in own.versions} == {parent.pk, child.pk}
    page = hub.do(None, lambda client: client.versions.get(child.pk))
    assert (page.style, [each.id for each in page.lineage]) == (parent.style.slug, [parent.pk])
