"""Who sees which page of licensing, who may license there, and how often a page asks the database."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.generation.models import Generation
from marketplace.partners.issuing import issue_waiting
from marketplace.partners.matrix import keep
from marketplace.partners.models import Grant
from marketplace.partners.revoking import publish_takedown
from tests.factories.accounts import make_organisation
from tests.factories.catalogue import draw
from tests.factories.partners import agree, deliver, licensable_version, make_grant, order_under
from tests.integration.partners.agencies import ASKED, Agency, content, quote_in
from tests.unit.pages.clients import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.services]
# Whatever it holds: sign-in, organisation, role, account, partner, wallet, and the page's own few.
MOST_QUERIES = 16
# Its balances are read from the checkpoints of two accounts.
MOST_OF_A_MONTH = 34


def pages_of(agency: Agency, grant: Grant, image: Generation) -> list[str]:
    paths = ["", f"versions/{grant.agreement.version_id}/", "grants/", f"grants/{grant.pk}/", "usage/", "usage.csv"]
    files = [f"grants/{grant.pk}/receipt.jws", f"grants/{grant.pk}/agreement.jsonld", f"images/{image.pk}/receipt.jws"]
    months = ["statements/", "statements/2026-10/", "statements/2026-10.csv"]
    return [agency.address + path for path in [*paths, *files, *months]]


def test_every_page_is_for_those_alone_who_see_the_organisations_money(
    agency: Agency, used: tuple[Grant, Generation]
) -> None:
    addresses = pages_of(agency, *used)
    answers = {
        name: {address: client.get(address).status_code for address in addresses}
        for name, client in {
            **{role: agency.as_(role) for role in agency.people},
            "stranger": signed_in(),
            "anonymous": Client(),
        }.items()
    }
    expected = {"owner": 200, "billing": 200, "developer": 200, "member": 403, "stranger": 404, "anonymous": 302}
    assert answers == {name: dict.fromkeys(addresses, status) for name, status in expected.items()}


def test_another_partner_finds_none_of_it_below_its_own_address(agency: Agency, used: tuple[Grant, Generation]) -> None:
    other = Agency()
    theirs = [address.replace(agency.address, other.address) for address in pages_of(agency, *used)]
    answers = {address: other.as_("owner").get(address).status_code for address in theirs}
    hidden = [address for address in theirs if "/grants/" in address[:-1] or "/images/" in address or "2026" in address]
    assert {address for address, status in answers.items() if status == 404} == {
        address for address in hidden if not address.endswith("/grants/")
    }
    page = content(other.as_("owner").get(f"{other.address}grants/"))
    assert "No grant yet" in page


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("developer", 200), ("billing", 403), ("member", 403)])
def test_those_license_by_hand_who_can_make_a_key_that_does(agency: Agency, role: str, status: int) -> None:
    version = licensable_version()
    keep()
    address = f"{agency.address}versions/{version.pk}/"
    quote = quote_in(content(agency.as_("owner").post(address, ASKED)))
    assert agency.as_(role).post(address, ASKED).status_code == status
    accepted = agency.as_(role).post(f"{address}accept/", {"quote": quote}).status_code
    assert (accepted, Grant.objects.count()) == ((302, 1) if status == 200 else (403, 0))
    if role == "billing":
        assert "Owners and developers" in content(agency.as_(role).get(address))


def test_a_suspended_partner_is_told_so_everywhere(agency: Agency, used: tuple[Grant, Generation]) -> None:
    agree(agency.account, suspended=True)
    answers = [agency.as_("owner").get(address) for address in pages_of(agency, *used)]
    assert {(each.status_code, "Licensing is suspended" in each.content.decode()) for each in answers} == {(403, True)}


def test_no_page_asks_the_database_more_for_more_of_anything(agency: Agency, used: tuple[Grant, Generation]) -> None:
    client = agency.as_("owner")
    addresses = [each for each in pages_of(agency, *used) if each.endswith("/")]

    def counts() -> list[int]:
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            found.append(len(queries))
        return found

    publish_takedown(version=make_grant(agency.account).agreement.version, reason="Gone.")
    counts()
    few = counts()
    for number in range(8):
        where = ("DE",) if number % 2 else ()
        grant = make_grant(agency.account, licensable_version(territory=where), territory=where)
        draw(grant.agreement.version.examples.get())
        for each in (grant, used[0]):
            deliver(order_under(agency.account, each))
        if number > 5:
            publish_takedown(version=grant.agreement.version, reason="Gone.")
    keep()
    issue_waiting()
    many = counts()
    assert dict(zip(addresses, many, strict=True)) == dict(zip(addresses, few, strict=True))
    assert (
        max(count for count, address in zip(many, addresses, strict=True) if "2026-10" not in address) <= MOST_QUERIES
    )
    assert max(many) <= MOST_OF_A_MONTH


def test_the_entrance_leads_to_the_one_organisation_or_asks_which(agency: Agency) -> None:
    person = agency.people["billing"]
    assert signed_in(person).get("/licensing/")["Location"] == agency.address
    assert signed_in(person).get("/licensing/?version=7")["Location"] == f"{agency.address}versions/7/"
    assert signed_in(person).get("/licensing/?version=x")["Location"] == agency.address
    assert "Licensing is for organisations" in content(agency.as_("member").get("/licensing/"))
    second = make_organisation(person)
    page = content(signed_in(person).get("/licensing/"))
    assert (agency.address in page, f"/organisations/{second.slug}/licensing/" in page) == (True, True)
    for role, shown in {"billing": True, "developer": True, "member": False}.items():
        page = content(agency.as_(role).get(f"/organisations/{agency.organisation.slug}/"))
        assert (agency.address in page) == shown
