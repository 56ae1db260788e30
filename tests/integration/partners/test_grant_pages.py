"""What a partner holds by pages: grants, their images, notices, usage, months."""

import re
from datetime import date, timedelta

import pytest
from time_machine import TimeMachineFixture

from hub.object_store import ObjectStore
from marketplace.generation.models import Generation
from marketplace.generation.services import succeeded
from marketplace.partners.models import Grant
from marketplace.partners.revoking import publish_takedown, revoke
from tests.factories.generation import started, stored
from tests.factories.ledger import CREDIT
from tests.factories.partners import agree, deliver, make_grant, order_under
from tests.integration.partners.agencies import Agency, content
from tests.unit.pages.clients import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOVEMBER = "2026-11-20T12:00:00+00:00"


def test_the_grants_page_tells_what_is_left_of_everything(agency: Agency, used: tuple[Grant, Generation]) -> None:
    agree(agency.account, images_per_day=40, images_per_month=None, spend_cap_micro=250 * CREDIT, territories=["JP"])
    grant, image = used
    page = content(agency.as_("billing").get(f"{agency.address}grants/"))
    shown = ["1 of 10 images", "In force", "until", "of 40", "no limit", "of 250 credits", "Japan", "Signed receipt"]
    assert [words for words in shown if words not in page] == []
    page = content(agency.as_("billing").get(f"{agency.address}grants/{grant.pk}/"))
    shown = [
        "verify-receipt",
        "/.well-known/irodori-receipt-keys.json",
        f"Irodori-Grant: {grant.pk}",
        f"images/{image.pk}/image",
        f"images/{image.pk}/receipt.jws",
        image.prompt,
    ]
    assert [words for words in shown if words not in page] == []


def test_a_grant_that_ended_early_is_told_of_wherever_it_matters(
    agency: Agency, used: tuple[Grant, Generation], time_machine: TimeMachineFixture
) -> None:
    grant, image = used
    gone = make_grant(agency.account, payment="prepaid")
    revoke(grant_id=gone.pk, reason="The creator changed their mind.")
    publish_takedown(version=grant.agreement.version, reason="It copied a living artist.")
    client = agency.as_("billing")
    for path in ("", "grants/"):
        page = content(client.get(agency.address + path))
        assert ("It copied a living artist." in page, "The creator changed their mind." in page) == (True, True)
    page = content(client.get(f"{agency.address}grants/{grant.pk}/"))
    shown = ["The hub took this style down.", "stay licensed", f"images/{image.pk}/receipt.jws", "Revoked"]
    assert [words for words in shown if words not in page] == []
    page = content(client.get(f"{agency.address}grants/{gone.pk}/"))
    assert ("10 credits for images never made is back in the wallet." in page, "Revoked" in page) == (True, True)
    version_page = content(agency.as_("owner").get(f"{agency.address}versions/{grant.agreement.version_id}/"))
    assert ("It copied a living artist." in version_page, "Ask for a quote" in version_page) == (True, False)
    time_machine.shift(timedelta(days=31))
    client = agency.as_("billing")
    assert "It copied" not in content(client.get(agency.address))
    assert "It copied" in content(client.get(f"{agency.address}grants/{grant.pk}/"))


def test_usage_is_drawn_by_style_with_each_image_once(agency: Agency, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOVEMBER)
    both = ("commercial_use", "merging")
    one, other = (make_grant(agency.account, permissions=both) for _each in range(2))
    made = [deliver(order_under(agency.account, *grants)) for grants in ((one,), (one,), (other,), (one, other))]
    order_under(agency.account, one)
    answer = agency.as_("billing").get(f"{agency.address}usage/")
    chart, series = answer.context["chart"], dict(answer.context["series"])
    assert (chart.total_micro, chart.bars[-1].day) == (4, date(2026, 11, 20))
    drawn = {series[part.source]: part.amount_micro for part in chart.bars[-1].parts}
    titles_ = [grant.agreement.version.style.title for grant in (one, other)]
    assert drawn == {titles_[0]: 2, titles_[1]: 1, "Mixes of several styles": 1}
    assert {line.grant: line.images for line in answer.context["usage"].grants} == {one.pk: 3, other.pk: 2}
    spending = agency.as_("billing").get(f"{agency.address}usage/?show=spending&days=365").context
    assert spending["chart"].total_micro == spending["usage"].paid_micro == sum(each.price_micro for each in made)
    [sheet] = re.findall(r'href="([^"]*usage\.csv[^"]*)"', content(answer))
    rows = b"".join(agency.as_("billing").get(sheet.replace("&amp;", "&"))).decode()
    assert [str(each.pk) in rows for each in made] == [True] * 4


def test_a_months_statement_shows_what_its_sheet_adds_up_to(agency: Agency, used: tuple[Grant, Generation]) -> None:
    client = agency.as_("billing")
    assert "October 2026" in content(client.get(f"{agency.address}statements/"))
    answer = client.get(f"{agency.address}statements/2026-10/")
    sheet = b"".join(client.get(f"{agency.address}statements/2026-10.csv")).decode()
    totals = dict(line.split(",")[1:3] for line in sheet.splitlines() if line.startswith("control total"))
    shown = {f"sum of {kind}": str(amount) for kind, amount in answer.context["sums"].items()}
    assert shown == {
        name: amount for name, amount in totals.items() if name.startswith("sum of ") and name != "sum of all"
    }
    assert str(answer.context["opening_micro"]) == totals["opening balance"]
    assert str(answer.context["statement"].closing_micro) == totals["closing balance"]
    assert len(answer.context["lines"]) == int(totals["lines"]) == 1
    assert [client.get(f"{agency.address}statements/{month}/").status_code for month in ("2026-11", "x")] == [404, 400]


@pytest.mark.stack
def test_an_image_is_shown_to_those_who_see_what_was_spent(agency: Agency, object_store_server: ObjectStore) -> None:
    generation = order_under(agency.account, make_grant(agency.account))
    started(generation)
    succeeded(stored(generation, b"an image"))
    address = f"{agency.address}images/{generation.pk}/image"
    assert b"".join(agency.as_("billing").get(address)) == b"an image"
    assert agency.as_("member").get(address).status_code == 403
    assert signed_in().get(address).status_code == 404
