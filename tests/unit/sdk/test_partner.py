"""From a quote to a receipt that is verified without the hub, blocking and awaited, against the real site."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from time_machine import TimeMachineFixture

from irodori_client import DamagedError, NotAllowedError, Order, StyleUse
from irodori_client.cli.exits import Exit
from irodori_client.models import GrantWanted
from irodori_client.receipts import ExpiredError, RevokedError, verify
from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.partners.matrix import keep
from marketplace.partners.models import Takedown
from marketplace.partners.revoking import revoke
from tests.factories.accounts import make_user
from tests.factories.command import Command
from tests.factories.partners import deliver, licensable_version, make_account
from tests.unit.sdk.conftest import Hub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("receipt_key")]
IMAGE = b"image"


@dataclass(frozen=True)
class Licensed:
    account: User
    version: StyleVersion
    grant: Any
    generation: Generation


@pytest.fixture
def licensed(hub: Hub) -> Licensed:
    """An image under a grant, all by the SDK but for the drawing."""
    account, version = make_account(), licensable_version()
    keep()
    [found] = hub.every(account, lambda client: client.partner.licensable(permissions=["commercial_use"]))
    wanted = GrantWanted(version=found.version, permissions=("commercial_use",), days=30, images=10)
    quote = hub.do(account, lambda client: client.partner.quote(wanted))
    grant = hub.do(account, lambda client: client.partner.accept(quote))
    order = Order(base_model="echo", prompt="a fox", adapters=(StyleUse(version=version.pk),), width=64, height=64)
    priced = hub.do(account, lambda client: client.quotes.get(order, grants=[grant.id]))
    made = hub.do(account, lambda client: client.generations.create(order, grants=[grant.id]))
    assert made.price_micro == priced.total_micro
    return Licensed(account, version, grant, deliver(Generation.objects.get(), IMAGE))


def test_a_receipt_is_verified_without_the_hub(hub: Hub, licensed: Licensed) -> None:
    account = licensed.account
    text = hub.do(account, lambda client: client.partner.image_receipt(licensed.generation.pk))
    keys = hub.do(None, lambda client: client.partner.receipt_keys())
    revocations = hub.do(None, lambda client: client.partner.revocations())
    found = verify(text, keys, image=IMAGE, revocations=revocations)
    assert (found.kind, [each.version for each in found.grants]) == ("image", [licensed.version.pk])
    assert found.price.paid_micro == licensed.generation.price_micro
    of_grant = verify(hub.do(account, lambda client: client.partner.grant_receipt(licensed.grant.id)), keys)
    assert (of_grant.kind, of_grant.image) == ("grant", None)
    head, body, signature = text.split(b".")
    for changed in (b".".join((head, body[:-2] + b"AA", signature)), text[:-4] + b"AAAA", b"..", b"\xff", head):
        with pytest.raises(DamagedError):
            verify(changed, keys)
    with pytest.raises(DamagedError, match="another image"):
        verify(text, keys, image=b"other")
    with pytest.raises(DamagedError, match="header says something else"):
        verify(revocations, keys)


def test_a_grant_that_was_revoked_licenses_no_more(hub: Hub, licensed: Licensed) -> None:
    receipt = hub.do(licensed.account, lambda client: client.partner.grant_receipt(licensed.grant.id))
    revoke(grant_id=licensed.grant.id, reason="A takedown.")
    keys = hub.do(None, lambda client: client.partner.receipt_keys())
    listed = hub.do(None, lambda client: client.partner.revocations())
    with pytest.raises(RevokedError, match=r"A takedown\."):
        verify(receipt, keys, revocations=listed)
    assert hub.do(licensed.account, lambda client: client.partner.grant(licensed.grant.id)).state == "revoked"
    # The image was made before, and stays licensed.
    of_image = hub.do(licensed.account, lambda client: client.partner.image_receipt(licensed.generation.pk))
    assert verify(of_image, keys, revocations=listed).image is not None


def test_of_a_term_that_is_over_only_the_images_stay_licensed(
    hub: Hub, licensed: Licensed, time_machine: TimeMachineFixture
) -> None:
    receipt = hub.do(licensed.account, lambda client: client.partner.grant_receipt(licensed.grant.id))
    of_image = hub.do(licensed.account, lambda client: client.partner.image_receipt(licensed.generation.pk))
    keys = hub.do(None, lambda client: client.partner.receipt_keys())
    time_machine.move_to(licensed.grant.agreement.ends_at)
    with pytest.raises(ExpiredError, match="has ended"):
        verify(receipt, keys)
    assert verify(of_image, keys, image=IMAGE).image is not None


def test_a_style_that_was_taken_down_is_licensed_no_more(hub: Hub, licensed: Licensed) -> None:
    """Also where its grant was not revoked with it."""
    receipt = hub.do(licensed.account, lambda client: client.partner.grant_receipt(licensed.grant.id))
    of_image = hub.do(licensed.account, lambda client: client.partner.image_receipt(licensed.generation.pk))
    Takedown.objects.create(version=licensed.version, reason="Not theirs.")
    keys = hub.do(None, lambda client: client.partner.receipt_keys())
    listed = hub.do(None, lambda client: client.partner.revocations())
    with pytest.raises(RevokedError, match=r"taken down: Not theirs\."):
        verify(receipt, keys, revocations=listed)
    assert verify(of_image, keys, revocations=listed).image is not None


def test_reports_tell_what_was_made_under_grants(hub: Hub, licensed: Licensed, tmp_path: Path) -> None:
    account = licensed.account
    usage = hub.do(account, lambda client: client.partner.usage())
    assert (usage.images, [each.grant for each in usage.grants]) == (1, [licensed.grant.id])
    path = tmp_path / "usage.csv"
    hub.do(account, lambda client: client.partner.save_usage(path))
    assert str(licensed.generation.pk) in path.read_text()
    assert hub.do(account, lambda client: client.partner.terms()).images_today == 1
    assert list(hub.every(account, lambda client: client.partner.statements())) == []
    assert [each.id for each in hub.every(account, lambda client: client.partner.grants())] == [licensed.grant.id]
    assert b"Agreement" in hub.do(account, lambda client: client.partner.agreement(licensed.grant.id))


def test_people_are_no_partners(hub: Hub) -> None:
    with pytest.raises(NotAllowedError):
        hub.do(make_user(), lambda client: client.partner.terms())


def test_the_command_fetches_and_checks_a_receipt(
    licensed: Licensed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    iro, path, image = Command(monkeypatch, licensed.account), tmp_path / "receipt.jws", tmp_path / "image"
    image.write_bytes(IMAGE)
    said = iro("receipt", licensed.generation.pk, "-o", path, "--image", image)
    assert (said.code, said.err) == (0, "")
    assert f"Image: SHA-256 {licensed.generation.image_sha256}" in said.out
    assert path.read_bytes().count(b".") == 2
    image.write_bytes(b"other")
    wrong = iro("receipt", licensed.generation.pk, "--image", image)
    assert (wrong.code, wrong.out) == (Exit.FAILED, "")
