"""Organisations that license by pages, and what is read off those pages."""

import re
from typing import Any

from django.test import Client

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.organisations import give_account
from tests.factories.accounts import make_organisation, make_user
from tests.factories.ledger import give_credit
from tests.unit.pages.clients import signed_in

ASKED = {"permissions": ["commercial_use"], "territory": [""], "days": 30, "images": 5, "payment": "prepaid"}


class Agency:
    """An organisation with a person of each role, and credit."""

    def __init__(self) -> None:
        self.people = {role: make_user() for role in ("owner", "billing", "developer", "member")}
        owner, *_others = self.people.values()
        self.organisation: Organisation = make_organisation(
            owner, **{role: person for role, person in self.people.items() if role != "owner"}
        )
        self.account: User = give_credit(give_account(self.organisation), 1_000)
        self.address = f"/organisations/{self.organisation.slug}/licensing/"

    def as_(self, role: str) -> Client:
        return signed_in(self.people[role])


def content(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    page: str = answer.content.decode()
    return page[page.index("<main") : page.index("</main>")] if "<main" in page else page


def quote_in(page: str) -> str:
    [found] = re.findall(r'name="quote" value="([^"]+)"', page)
    return str(found)
