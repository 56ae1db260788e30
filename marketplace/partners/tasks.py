"""What the clock does to licences."""

from celery import shared_task
from django.utils import timezone

from hub.jobs import SITE_QUEUE
from marketplace.partners.issuing import issue_waiting
from marketplace.partners.matrix import keep
from marketplace.partners.refunds import pay_back_what_is_due
from marketplace.partners.statements import close_months


@shared_task(name="partners.issue_receipts", queue=SITE_QUEUE)
def issue_receipts() -> None:
    issue_waiting()


@shared_task(name="partners.keep_offers", queue=SITE_QUEUE)
def keep_offers() -> None:
    keep()


@shared_task(name="partners.pay_back", queue=SITE_QUEUE)
def pay_back() -> None:
    pay_back_what_is_due(now=timezone.now())


@shared_task(name="partners.close_months", queue=SITE_QUEUE)
def close_months_that_are_over() -> None:
    close_months(now=timezone.now())
