"""Whose pictures they are: a program may say which organisation pays, and only its own may."""

from django.utils.translation import gettext as _
from rest_framework.request import Request

from marketplace.accounts.models import User
from marketplace.dialects.errors import Refused
from marketplace.stability.auth import organisation_id

ORGANISATION, PROJECT = "OpenAI-Organization", "OpenAI-Project"


def refuse_other_payers(request: Request, person: User) -> None:
    """Raises Refused where the request is to be paid by another than whose key it is."""
    own = organisation_id(person)
    if request.headers.get(ORGANISATION, own) not in ("", own):
        message = _("%(header)s should be %(own)s, whose key this is. Send that, or leave it out.")
        raise Refused("mismatched_organization", message % {"header": ORGANISATION, "own": own})
    if request.headers.get(PROJECT):
        message = _("There are no projects here. Leave %(header)s out.")
        raise Refused("mismatched_project", message % {"header": PROJECT})
