"""For whom a page of the portal is looked at: the person, or one of their organisations, by `?organisation=`."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from marketplace.accounts.models import User
from marketplace.accounts.organisations import (
    account_for,
    organisation_for,
    organisation_of,
    organisations_of,
    rights_of,
)
from marketplace.accounts.roles import Right
from marketplace.pages.people import signed_in


@dataclass(frozen=True)
class Workspace:
    """`slug` is an organisation's, "" for the person."""

    slug: str
    name: str

    @property
    def query(self) -> str:
        """To go on with it on another page."""
        return f"?{urlencode({'organisation': self.slug})}" if self.slug else ""

    def address(self, view: str, *args: object) -> str:
        return reverse(view, args=args) + self.query


def workspaces(user: User, right: Right) -> list[Workspace]:
    """The person first, then the organisations where they have the right, by name."""
    open_to = [each for each in organisations_of(user) if right in rights_of(user, each)]
    return [Workspace("", user.display_name), *(Workspace(each.slug, each.name) for each in open_to)]


def workspace_of(account: User) -> Workspace:
    organisation = organisation_of(account)
    return (
        Workspace("", account.display_name) if organisation is None else Workspace(organisation.slug, organisation.name)
    )


def chosen(request: HttpRequest, right: Right) -> tuple[Workspace, User]:
    """The workspace and its account. Raises NotFound or NotAllowed."""
    user, slug = signed_in(request), request.GET.get("organisation", "")
    if not slug:
        return Workspace("", user.display_name), user
    organisation = organisation_for(user, slug, right)
    return Workspace(slug, organisation.name), account_for(user, slug, right)
