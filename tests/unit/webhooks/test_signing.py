"""What the hub signs is what the reference implementation of Standard Webhooks verifies, unmodified."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from marketplace.webhooks.signing import new_secret, signed_headers

BODY = '{"type":"style.published","data":{"title":"彩り"}}'
old, new = new_secret(), new_secret()


def headers(*signers: str, age: float = 0, body: str = BODY) -> dict[str, str]:
    return signed_headers("msg_1", body, signers=signers, now=datetime.now(UTC) - timedelta(seconds=age))


def test_a_secret_is_256_random_bits_behind_a_prefix() -> None:
    assert (old[:6], len(base64.b64decode(old[6:])), old == new) == ("whsec_", 32, False)


@given(st.text())
def test_any_body_verifies(text: str) -> None:
    body = text.encode("utf-8", errors="replace").decode()
    Webhook(new).verify(body, headers(new, body=body), json_parse=False)


def test_in_an_overlap_both_secrets_verify() -> None:
    both = headers(new, old)
    assert both["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, both)["type"] == "style.published"


@pytest.mark.parametrize("age", [310, -310])
def test_what_is_older_or_newer_than_five_minutes_is_refused(age: float) -> None:
    with pytest.raises(WebhookVerificationError, match="timestamp too"):
        Webhook(new).verify(BODY, headers(new, age=age))


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({}, BODY.replace("彩り", "彩")),
        ({"webhook-id": "msg_2"}, BODY),
        ({"webhook-signature": "v1," + base64.b64encode(bytes(32)).decode()}, BODY),
    ],
)
def test_what_was_changed_on_its_way_is_refused(changed: dict[str, str], body: str) -> None:
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new).verify(body, headers(new) | changed)


def test_a_time_that_was_changed_on_its_way_is_refused() -> None:
    sent = headers(new)
    earlier = {"webhook-timestamp": str(int(sent["webhook-timestamp"]) - 9)}
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new).verify(BODY, sent | earlier)


def test_anothers_secret_verifies_nothing() -> None:
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(old).verify(BODY, headers(new))
