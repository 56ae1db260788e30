"""Finished pictures for sale: who may list one, under which licence, and who then earns from it."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.organisations import partner_of
from marketplace.catalogue.licences import LICENCES, must_be_shared_under
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.texts import check_text
from marketplace.errors import Conflict, InvalidInput, NotAllowed
from marketplace.generation.models import Generation
from marketplace.licences.rules import Act, Use, evaluate
from marketplace.licences.selectors import policy_of
from marketplace.orders.models import Listing
from marketplace.payouts.plans import Payee, picture_plan
from marketplace.payouts.selectors import version_plan
from marketplace.payouts.services import save_plan

MOST_MICRO = 10_000_000_000  # 10,000 USD


def list_picture(*, seller: User, generation: Generation, title: str, licence: str, price_micro: int) -> Listing:
    """Offer a delivered picture of one's own. Raises InvalidInput, NotAllowed or Conflict."""
    if generation.buyer_id != seller.pk or generation.state != Generation.State.SUCCEEDED:
        raise Conflict(_("Only a finished picture of your own can be sold."), code="picture_not_finished")
    check_text(title, "title", 80)
    if not 0 < price_micro <= MOST_MICRO:
        raise InvalidInput(
            _("The price of a picture is more than 0 and at most 1,000,000 credits."),
            code="price_out_of_range",
            field="price_micro",
        )
    versions = [use.version for use in generation.adapters.select_related("version__style", "version__plan")]
    _refuse_by_policies(seller, generation, versions)
    _refuse_by_licences(versions, licence)
    try:
        return _list(seller, generation, versions, title.strip(), licence, price_micro)
    except IntegrityError as error:
        raise Conflict(_("This picture is for sale already."), code="already_listed") from error


def withdraw_listing(*, listing: Listing) -> None:
    """No more are sold; those who bought it keep it."""
    Listing.objects.filter(pk=listing.pk).update(open=False)


@transaction.atomic
def _list(
    seller: User, generation: Generation, versions: list[StyleVersion], title: str, licence: str, price_micro: int
) -> Listing:
    styles = [(version.pk, version_plan(version)) for version in versions]
    plan = save_plan(picture_plan(Payee(seller.pk), styles))
    fields = {"title": title, "licence": licence, "price_micro": price_micro, "plan": plan, "open": True}
    return Listing.objects.create(generation=generation, seller=seller, **fields)


def _refuse_by_policies(seller: User, generation: Generation, versions: list[StyleVersion]) -> None:
    """By what was granted on the day it was made: whose style it is may sell what they made with it."""
    use = Use(act=Act.RESELL, on=generation.created_at.date(), partner=partner_of(seller))
    for version in versions:
        if version.style.creator_id != seller.pk and evaluate(use, policy_of(version)):
            raise NotAllowed(
                _("The creator of “%(title)s” does not license pictures for resale.") % {"title": version.style.title},
                code="resale_not_licensed",
            )


def _refuse_by_licences(versions: list[StyleVersion], licence: str) -> None:
    if licence not in LICENCES:
        raise InvalidInput(
            _("Choose one of these licences: %(ids)s.") % {"ids": ", ".join(LICENCES)},
            code="unknown_licence",
            field="licence",
        )
    shared = must_be_shared_under(version.licence for version in versions)
    if shared and licence != shared:
        raise NotAllowed(
            _("A picture made with these styles is passed on under %(licence)s. Choose that licence.")
            % {"licence": shared},
            code="picture_is_share_alike",
            field="licence",
        )
