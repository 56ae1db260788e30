"""Signed receipts: they say what was licensed, verify offline, fail in any altered byte, and outlive the key."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.receipts import (
    Kind,
    ReceiptError,
    Revocation,
    UnknownKeyError,
    key_set,
    keys_of,
    moment,
    read,
    revocation_of,
    revocations_in,
    sign,
)
from hub.settings.site import site_config
from hub.signing import key_id, make_key, public_text
from marketplace.errors import Refusal
from marketplace.generation.services import cancel
from marketplace.partners.checks import receipts_have_a_key
from marketplace.partners.issuing import grant_receipt, image_receipt, issue_waiting
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.models import Grant, Receipt
from marketplace.partners.selectors import own_licensed_image
from tests.factories.ledger import CREDIT
from tests.factories.partners import deliver, make_account, make_grant, order_under

KEY = Ed25519PrivateKey.generate()
KEYS = {key_id(KEY.public_key()): KEY.public_key()}
CLAIMS = {"jti": "1", "licensee": {"name": "彩り 株式会社"}, "grants": []}
TEXT = sign(CLAIMS, KEY, Kind.RECEIPT)


def test_the_same_claims_by_the_same_key_give_the_same_text_and_are_read_back() -> None:
    assert sign(dict(reversed(CLAIMS.items())), KEY, Kind.RECEIPT) == TEXT
    assert read(TEXT, KEYS, Kind.RECEIPT) == CLAIMS


def test_no_other_character_anywhere_verifies() -> None:
    """All positions, with the neighbour in the alphabet: where base64 has bits to spare, it changes nothing but them."""
    for place, char in enumerate(TEXT):
        for other in {chr(ord(char) ^ 1), chr((ord(char) + 1) % 128), "A", ".", "=", "\n"} - {char}:
            with pytest.raises(ReceiptError):
                read(TEXT[:place] + other + TEXT[place + 1 :], KEYS, Kind.RECEIPT)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TEXT.encode()) - 1), st.integers(1, 255))
def test_a_receipt_altered_in_any_byte_never_verifies(place: int, change: int) -> None:
    altered = bytearray(TEXT.encode())
    altered[place] ^= change
    with pytest.raises(ReceiptError):
        read(altered.decode("latin-1"), KEYS, Kind.RECEIPT)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.integers(0, len(TEXT)).map(lambda end: TEXT[:end] + "." * (end % 3)))
def test_what_no_hub_wrote_never_verifies(text: str) -> None:
    if text != TEXT:
        with pytest.raises(ReceiptError):
            read(text, KEYS, Kind.RECEIPT)


@pytest.mark.parametrize("added", [" ", "\n", "=", "A", "."])
def test_nothing_may_be_added(added: str) -> None:
    for text in (TEXT + added, added + TEXT):
        with pytest.raises(ReceiptError):
            read(text, KEYS, Kind.RECEIPT)


def test_neither_another_key_nor_another_kind_of_file_will_do() -> None:
    with pytest.raises(UnknownKeyError):
        read(TEXT, {}, Kind.RECEIPT)
    # A key under another's name.
    with pytest.raises(ReceiptError):
        read(TEXT, dict.fromkeys(KEYS, Ed25519PrivateKey.generate().public_key()), Kind.RECEIPT)
    with pytest.raises(ReceiptError):
        read(TEXT, KEYS, Kind.REVOCATIONS)


def test_published_keys_are_known_by_their_thumbprint_whatever_they_are_called() -> None:
    published = key_set(KEYS)
    published["keys"][0]["kid"] = "another"
    assert list(keys_of(published)) == list(KEYS)


@pytest.mark.parametrize(
    "published", [None, [], {}, {"keys": [1]}, {"keys": [{"crv": "Ed25519"}]}, {"keys": [{"crv": "Ed25519", "x": "!"}]}]
)
def test_what_is_no_set_of_keys_is_refused(published: object) -> None:
    with pytest.raises(ReceiptError):
        keys_of(published)


def test_a_list_that_is_too_old_is_not_relied_on() -> None:
    with pytest.raises(ReceiptError):
        revocations_in({"exp": 100, "revocations": []}, moment(101))


@pytest.mark.parametrize(
    ("claims", "revoked"),
    [
        ({"grants": [{"grant": "a"}]}, True),
        ({"grants": [{"grant": "b"}]}, False),
        ({"grants": [{"grant": "b"}, {"grant": "a"}], "image": {"made_at": 50}}, False),
        ({"grants": [{"grant": "a"}], "image": {"made_at": 151}}, True),
    ],
)
def test_an_image_made_before_its_grant_was_revoked_stays_licensed(claims: dict[str, object], revoked: bool) -> None:
    ended = {"a": Revocation("a", moment(100), "A mistake.")}
    assert (revocation_of(claims, ended) is not None) is revoked


@pytest.mark.django_db
def test_an_images_receipt_says_who_licensed_what_when_for_which_image_at_what_price(
    receipt_key: Ed25519PrivateKey,
) -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid", territory=("DE", "JP"))
    generation = deliver(order_under(account, grant, territory="JP"))
    assert (issue_waiting(), issue_waiting()) == (1, 0)
    receipt = image_receipt(own_licensed_image(account, generation.pk))
    agreement, organisation = grant.agreement, grant.partner.organisation
    version = agreement.version
    assert read(receipt.text, receipt_keyring().public, Kind.RECEIPT) == {
        "jti": str(receipt.pk),
        "iss": "http://127.0.0.1:8000",
        "iat": int(generation.finished_at.timestamp()),  # type: ignore[union-attr]  # it is delivered
        "kind": "image",
        "licensee": {"organisation": organisation.slug, "name": organisation.name},
        "territory": ["JP"],
        "resale": False,
        "grants": [
            {
                "grant": str(grant.pk),
                "agreement": str(agreement.pk),
                "version": version.pk,
                "style": version.style.slug,
                "title": version.style.title,
                "number": 1,
                "creator": version.style.creator.display_name,
                "licence": "irodori-standard",
                "permissions": ["commercial_use"],
                "territory": ["DE", "JP"],
                "starts_at": int(agreement.starts_at.timestamp()),
                "ends_at": int(agreement.ends_at.timestamp()),
            }
        ],
        "image": {
            "generation": str(generation.pk),
            "sha256": generation.image_sha256,
            "media_type": "image/png",
            "width": 64,
            "height": 64,
            "base_model": "echo",
            "ordered_at": int(generation.licensed_image.ordered_at.timestamp()),
            "made_at": int(generation.finished_at.timestamp()),  # type: ignore[union-attr]  # as above
        },
        "price": {"paid_micro": 100, "prepaid_micro": CREDIT, "currency": "USD"},
    }


@pytest.mark.django_db
def test_a_grants_receipt_is_issued_with_it(receipt_key: Ed25519PrivateKey) -> None:
    grant = make_grant(make_account(), payment="prepaid")
    claims = read(Receipt.objects.get(grant=grant).text, receipt_keyring().public, Kind.RECEIPT)
    price = {"paid_micro": 10 * CREDIT, "per_image_micro": CREDIT, "currency": "USD"}
    assert (claims["kind"], claims["price"], claims["grants"][0]["grant"]) == ("grant", price, str(grant.pk))


@pytest.mark.django_db
def test_after_a_change_of_key_old_receipts_stay_as_they_are_and_verify(
    receipt_key: Ed25519PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account()
    old = grant_receipt(make_grant(account)).text
    make_key(tmp_path / "new.pem")
    monkeypatch.setenv("HUB_RECEIPT_KEY_FILE", str(tmp_path / "new.pem"))
    monkeypatch.setenv("HUB_RECEIPT_PUBLIC_KEYS", public_text(receipt_key.public_key()))
    site_config.cache_clear()
    new = grant_receipt(make_grant(account)).text
    keys = receipt_keyring().public
    assert len(keys) == 2
    assert [read(text, keys, Kind.RECEIPT)["kind"] for text in (old, new)] == ["grant", "grant"]
    with pytest.raises(UnknownKeyError):
        read(new, {key_id(receipt_key.public_key()): receipt_key.public_key()}, Kind.RECEIPT)
    assert grant_receipt(account_grant(old)).text == old


def account_grant(text: str) -> Grant:
    grant = Receipt.objects.get(text=text).grant
    assert grant is not None
    return grant


@pytest.mark.django_db
def test_without_a_key_grants_and_images_go_on_and_receipts_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "later.pem"
    monkeypatch.setenv("HUB_RECEIPT_KEY_FILE", str(path))
    site_config.cache_clear()
    account = make_account()
    grant = make_grant(account)
    generation = deliver(order_under(account, grant))
    assert issue_waiting() == 0
    with pytest.raises(Refusal) as refusal:
        grant_receipt(grant)
    assert refusal.value.code == "receipts_unavailable"
    make_key(path)
    assert (grant_receipt(grant).grant_id, issue_waiting()) == (grant.pk, 1)
    assert Receipt.objects.get(image=generation.licensed_image)
    site_config.cache_clear()


@pytest.mark.django_db
def test_there_is_no_receipt_of_what_was_not_delivered_or_is_anothers(receipt_key: Ed25519PrivateKey) -> None:
    account = make_account()
    grant = make_grant(account)
    waiting, cancelled, delivered = (order_under(account, grant) for _ in range(3))
    cancel(generation=cancelled)
    deliver(delivered)
    for who, generation in ((account, waiting), (account, cancelled), (make_account(), delivered)):
        with pytest.raises(Refusal) as refusal:
            own_licensed_image(who, generation.pk)
        assert refusal.value.code == "receipt_not_found"


def test_a_check_before_deployment_asks_for_a_key_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.pem"
    monkeypatch.setenv("HUB_RECEIPT_KEY_FILE", str(path))
    site_config.cache_clear()
    found = [[message.id for message in receipts_have_a_key()]]
    path.write_text("no key")
    found.append([message.id for message in receipts_have_a_key()])
    path.unlink()
    make_key(path)
    found.append([message.id for message in receipts_have_a_key()])
    site_config.cache_clear()
    assert found == [["partners.W001"], ["partners.E001"], []]
