"""A licence by pages: what there is, its terms, a quote, the agreement. The services are those of the API."""

import re
from typing import Any

import pytest
from django.test import Client

from hub.receipts import Kind, read
from marketplace.ledger.selectors import wallet_balance
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.matrix import keep
from marketplace.partners.models import Agreement, Grant, PartnerPrice
from tests.factories.catalogue import draw, make_style
from tests.factories.ledger import CREDIT
from tests.factories.partners import agree, licensable_version, program_of
from tests.integration.partners.agencies import ASKED, Agency, content, quote_in

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def titles(client: Client, address: str) -> list[str]:
    return re.findall(r"<h2[^>]*>([^<]+)</h2>", content(client.get(address)))


def neighbour(page: str, rel: str) -> str:
    [found] = re.findall(rf'rel="{rel}" href="([^"]+)"', page)
    return str(found).replace("&amp;", "&")


def test_what_may_be_licensed_is_shown_with_pictures_terms_and_the_partners_own_price(agency: Agency) -> None:
    version = licensable_version(style=make_style(title="Harbour"), territory=("DE", "JP"), prompts=("a", "b"))
    cover, further = (draw(example) for example in version.examples.all())
    PartnerPrice.objects.create(partner=agree(agency.account), version=version, price_micro=12_500)
    keep()
    page = content(agency.as_("billing").get(agency.address))
    shown = ["Harbour", "1.25 credits", "Germany, Japan", "Commercial use of pictures", "Mixing with other styles"]
    pictures = [f"/examples/{each.pk}/{each.image_sha256}.png" for each in (cover, further)]
    assert [words for words in [*shown, *pictures] if words not in page] == []
    assert "Training on pictures</span></li>" not in page
    assert f'href="{agency.address}versions/{version.pk}/"' in page


def test_filters_are_those_of_the_api_and_a_script_gets_the_cards_alone(agency: Agency) -> None:
    licensable_version(style=make_style(title="Everywhere"))
    licensable_version(style=make_style(title="Unmixed"), may_be_merged=False, territory=("DE",))
    keep()
    client = agency.as_("developer")
    assert titles(client, agency.address) == ["Unmixed", "Everywhere"]
    assert titles(client, f"{agency.address}?permissions=merging&permissions=commercial_use") == ["Everywhere"]
    assert titles(client, f"{agency.address}?territory=JP") == ["Everywhere"]
    assert titles(client, f"{agency.address}?territory=DE") == ["Unmixed", "Everywhere"]
    nothing = client.get(f"{agency.address}?permissions=training_on_outputs", headers={"HX-Request": "true"})
    assert ("<main" in nothing.content.decode(), "Nothing permits all of this" in content(nothing)) == (False, True)
    assert "HX-Request" in nothing["Vary"]
    for query, code in {"permissions=fly": 400, "territory=XX": 400, "cursor=x": 400}.items():
        assert client.get(f"{agency.address}?{query}").status_code == code


def test_the_list_is_paged_by_cursor_and_back(agency: Agency) -> None:
    for number in range(30):
        licensable_version(style=make_style(title=f"No. {number}"))
    keep()
    client = agency.as_("owner")
    first = content(client.get(f"{agency.address}?permissions=merging"))
    second = content(client.get(neighbour(first, "next")))
    assert re.findall(r"No\. \d+", first) == [f"No. {number}" for number in range(29, 5, -1)]
    assert re.findall(r"No\. \d+", second) == [f"No. {number}" for number in range(5, -1, -1)]
    assert 'rel="next"' not in second
    assert re.findall(r"No\. \d+", content(client.get(neighbour(second, "prev")))) == re.findall(r"No\. \d+", first)


def test_a_quote_is_accepted_to_a_grant_that_the_api_knows_too(agency: Agency, receipt_key: object) -> None:
    version = licensable_version(territory=("DE", "JP"))
    keep()
    client, address = agency.as_("developer"), f"{agency.address}versions/{version.pk}/"
    page = content(client.get(address))
    assert ("Pictures may be used in business" in page, page.count('value="JP" selected')) == (True, 1)
    assert (">Choose a country<" in page, ">Every country<" in page, ">France<" in page) == (True, False, False)
    answer = content(client.post(address, ASKED | {"territory": ["JP", ""]}))
    shown = ["5 credits", "Japan", "30 days from now", "Accept and license", "Who gets it"]
    assert [words for words in shown if words not in answer] == []
    assert (Agreement.objects.count(), wallet_balance(agency.account)) == (0, 1_000 * CREDIT)
    accepted = [client.post(f"{address}accept/", {"quote": quote_in(answer)}) for _twice in range(2)]
    grant = Grant.objects.get()
    assert [each["Location"] for each in accepted] == [f"{agency.address}grants/{grant.pk}/"] * 2
    assert (grant.agreement.territory, wallet_balance(agency.account)) == (["JP"], 995 * CREDIT)
    told = program_of(agency.account).get("/api/v1/partner/grants").json()["results"]
    assert [each["id"] for each in told] == [str(grant.pk)]
    receipt = client.get(f"{agency.address}grants/{grant.pk}/receipt.jws")
    claims = read(receipt.content.decode(), receipt_keyring().public, Kind.RECEIPT)
    assert (claims["grants"][0]["grant"], claims["price"]["paid_micro"]) == (str(grant.pk), 5 * CREDIT)
    assert "Your organisation holds a grant for it" in content(client.get(address))


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"permissions": []}, 400, "Name at least one permission"),
        ({"permissions": ["training_on_outputs"]}, 403, "Its creator does not license this"),
        ({"permissions": ["fly"]}, 400, "fly is not one of the available choices"),
        ({"territory": ["FR"]}, 403, "Its creator licenses it in DE, JP alone."),
        ({"territory": ["Japan"]}, 400, "A territory is a list of country codes"),
        ({"days": 0}, 400, "Choose a number from 1 to 1098."),
        ({"days": ""}, 400, "This field is required."),
        ({"images": 10**9}, 400, "Choose a number from 1 to 1000000."),
        ({"payment": "later"}, 400, "later is not one of the available choices"),
    ],
)
def test_what_can_not_be_licensed_is_explained_beside_its_field(
    agency: Agency, changes: dict[str, Any], status: int, sentence: str
) -> None:
    version = licensable_version(territory=("DE", "JP"))
    keep()
    client, address = agency.as_("owner"), f"{agency.address}versions/{version.pk}/"
    answer = client.post(address, ASKED | {"territory": ["DE"]} | changes)
    page = answer.content.decode()
    assert (answer.status_code, sentence in page, 'name="quote"' in page) == (status, True, False)
    fragment = client.post(address, ASKED | {"territory": ["DE"]} | changes, headers={"HX-Request": "true"})
    assert (fragment.status_code, sentence in fragment.content.decode()) == (200, True)


def test_what_the_wallet_lacks_is_said_before_and_a_refusal_leads_back(agency: Agency) -> None:
    version = licensable_version()
    keep()
    client, address = agency.as_("developer"), f"{agency.address}versions/{version.pk}/"
    page = content(client.post(address, ASKED | {"images": 1_001}))
    assert ("wallet lacks 1 credit" in page, "Accept and license" in page) == (True, False)
    agree(agency.account, spend_cap_micro=CREDIT)
    refused = client.post(f"{address}accept/", {"quote": quote_in(content(client.post(address, ASKED)))}, follow=True)
    assert refused.redirect_chain == [(address, 302)]
    assert "spend cap of this month" in refused.content.decode()
    assert "Ask for a new one" in client.post(f"{address}accept/", {"quote": "x"}, follow=True).content.decode()
    assert not Grant.objects.exists()


def test_another_organisations_quote_is_not_accepted(agency: Agency) -> None:
    version, other = licensable_version(), Agency()
    keep()
    quote = quote_in(content(agency.as_("owner").post(f"{agency.address}versions/{version.pk}/", ASKED)))
    other.as_("owner").post(f"{other.address}versions/{version.pk}/accept/", {"quote": quote})
    assert not Grant.objects.exists()
