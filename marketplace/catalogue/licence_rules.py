"""The rules that the licence and the policy of a creator's terms have to keep, apart from what others granted them."""

from collections.abc import Callable

import pycountry
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation
from marketplace.catalogue.licences import LICENCES, Licence
from marketplace.catalogue.policies import stated_policy
from marketplace.catalogue.terms import MAX_PARTNERS, PublishTerms
from marketplace.errors import InvalidInput
from marketplace.licences.policy import OPT_OUTS
from marketplace.licences.rules import NOT_ABOUT_TRAINING

NAMED = 5  # a sentence that names more is not read


def check_licence(terms: PublishTerms) -> None:
    """Raises InvalidInput for the first rule that is broken."""
    licence = LICENCES.get(terms.licence)
    if licence is None:
        raise InvalidInput(
            _("Choose one of these licences: %(ids)s.") % {"ids": ", ".join(LICENCES)},
            code="unknown_licence",
            field="licence",
        )
    for rule in RULES:
        rule(terms, licence)


def _it_may_be_sold(terms: PublishTerms, licence: Licence) -> None:
    if terms.may_be_resold and not licence.resale:
        raise InvalidInput(
            _("%(title)s allows no resale. Choose another licence, or don't let partners resell.")
            % {"title": licence.title},
            code="licence_forbids_resale",
            field="may_be_resold",
        )
    if terms.commercial_use and not licence.commercial:
        raise InvalidInput(
            _("%(title)s is for people's own use. Choose another licence, or don't allow commercial use.")
            % {"title": licence.title},
            code="licence_forbids_commercial_use",
            field="commercial_use",
        )


def _share_alike_gives_all(terms: PublishTerms, licence: Licence) -> None:
    """It gives the same rights to everyone who receives a picture; no term may take one back."""
    kept = [name for name in ("may_be_resold", "outputs_may_train") if not getattr(terms, name)]
    if licence.share_alike and (kept or terms.opt_outs):
        raise InvalidInput(
            _(
                "Under %(title)s whoever receives a picture may sell it and train on it. Allow both, or choose another licence."
            )
            % {"title": licence.title},
            code="licence_forbids_opt_out",
            field=kept[0] if kept else "opt_outs",
        )


def _an_open_licence_has_no_limits(terms: PublishTerms, licence: Licence) -> None:
    limit = next((name for name in ("territory", "partners") if getattr(terms, name)), None)
    if licence.is_open and limit:
        raise InvalidInput(
            _("%(title)s gives its rights to everyone everywhere. Choose another licence, or leave this empty.")
            % {"title": licence.title},
            code="licence_forbids_limits",
            field=limit,
        )


def _credit_is_shown_where_somebody_is_named(terms: PublishTerms, licence: Licence) -> None:
    if terms.credit_required and licence.is_open and not licence.credit:
        raise InvalidInput(
            _("%(title)s has no conditions. Choose another licence to be named.") % {"title": licence.title},
            code="licence_forbids_credit",
            field="credit_required",
        )
    if terms.attribution.strip() and not stated_policy(terms).credit_required:
        raise InvalidInput(
            _(
                "%(title)s shows no credit line, so nobody would be named. Ask for one, choose another licence, or leave this empty."
            )
            % {"title": licence.title},
            code="licence_shows_no_credit",
            field="attribution",
        )


def _places_and_partners_exist(terms: PublishTerms, _licence: Licence) -> None:
    unknown = [
        code for code in terms.territory if pycountry.countries.get(alpha_2=code) is None or code != code.upper()
    ]
    if unknown:
        raise InvalidInput(
            _("These are no countries: %(codes)s. Name each by its two letters of ISO 3166, such as JP.")
            % {"codes": ", ".join(unknown[:NAMED])},
            code="unknown_country",
            field="territory",
        )
    wanted = set(terms.partners)
    if len(wanted) > MAX_PARTNERS:
        raise InvalidInput(
            _("At most %(most)d partners can be named.") % {"most": MAX_PARTNERS},
            code="too_many_partners",
            field="partners",
        )
    unknown = sorted(wanted - set(Organisation.objects.filter(slug__in=wanted).values_list("slug", flat=True)))
    if unknown:
        raise InvalidInput(
            _("There are no organisations called %(slugs)s. Ask your partners for their names here.")
            % {"slugs": ", ".join(unknown[:NAMED])},
            code="unknown_partner",
            field="partners",
        )


def _it_is_offered_for_a_day_at_least(terms: PublishTerms, _licence: Licence) -> None:
    if terms.expires is not None and terms.expires < timezone.now().date():
        raise InvalidInput(
            _("Its last day has passed. Choose a later one, or none."), code="expires_in_the_past", field="expires"
        )


def _opt_outs_are_known_and_meant(terms: PublishTerms, _licence: Licence) -> None:
    if unknown := sorted(set(terms.opt_outs) - set(OPT_OUTS)):
        raise InvalidInput(
            _("%(names)s can't be ruled out. Choose from these: %(known)s.")
            % {"names": ", ".join(unknown[:NAMED]), "known": ", ".join(OPT_OUTS)},
            code="unknown_opt_out",
            field="opt_outs",
        )
    if terms.outputs_may_train and set(terms.opt_outs) - NOT_ABOUT_TRAINING:
        raise InvalidInput(
            _("Training on pictures is allowed and ruled out at once. Take one of the two back."),
            code="training_allowed_and_ruled_out",
            field="opt_outs",
        )


RULES: tuple[Callable[[PublishTerms, Licence], None], ...] = (
    _it_may_be_sold,
    _share_alike_gives_all,
    _an_open_licence_has_no_limits,
    _credit_is_shown_where_somebody_is_named,
    _places_and_partners_exist,
    _it_is_offered_for_a_day_at_least,
    _opt_outs_are_known_and_meant,
)
