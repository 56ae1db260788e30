"""What the clock does beside sending: owners are told, and what is old is forgotten."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from marketplace.accounts.organisations import create_organisation, give_account
from marketplace.webhooks import keeping
from marketplace.webhooks.models import Delivery, Endpoint, Message
from tests.factories.accounts import make_user
from tests.factories.webhooks import make_delivery, make_endpoint

pytestmark = pytest.mark.django_db


def test_the_owner_is_written_to_once_when_the_hub_switches_an_endpoint_off() -> None:
    endpoint = make_endpoint(disabled="failing", owner_knows=False)
    make_endpoint(disabled="owner")
    assert (keeping.tell_owners(), keeping.tell_owners()) == (1, 0)
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (
        [endpoint.account.email],
        "Webhooks to hooks.example.org are switched off",
    )
    assert f"/developers/webhooks/{endpoint.pk}/" in letter.body


def test_an_organisations_owners_are_written_to() -> None:
    owner = make_user()
    account = give_account(create_organisation(name="Studio", slug="studio", owner=owner))
    make_endpoint(account=account, disabled="gone", owner_knows=False)
    assert (keeping.tell_owners(), mail.outbox[0].to) == (1, [owner.email])


def test_a_mail_that_does_not_leave_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = make_endpoint(disabled="gone", owner_knows=False)
    with monkeypatch.context() as patch:
        patch.setattr("django.conf.settings.EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
        patch.setattr("django.conf.settings.EMAIL_PORT", 1)  # where nobody listens
        assert keeping.tell_owners() == 0
    assert not Endpoint.objects.get(pk=endpoint.pk).owner_knows
    assert keeping.tell_owners() == 1


def test_what_is_older_than_thirty_days_is_forgotten() -> None:
    now = timezone.now()
    make_delivery(now=now - timedelta(days=30, seconds=1), state="delivered")
    kept = make_delivery(now=now - timedelta(days=29), state="delivered")
    assert (keeping.forget_old(now=now), keeping.forget_old(now=now)) == (1, 0)
    assert list(Message.objects.values_list("pk", flat=True)) == [kept.message_id]
    assert Delivery.objects.count() == 1
