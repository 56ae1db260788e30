"""May a version derive from these parents?"""

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.models import Pack, StyleVersion
from marketplace.catalogue.terms import MAX_PARENTS, PublishTerms
from marketplace.errors import InvalidInput, NotAllowed
from marketplace.licences.rules import Act, Use, evaluate


def checked_parents(creator: User, pack: Pack, terms: PublishTerms) -> list[StyleVersion]:
    """The parents that the terms name. A version is published after all of its parents, so no circle can arise.

    Raises InvalidInput for one that is not offered, NotAllowed for one whose creator or licence forbids it.
    """
    wanted = set(terms.parents)
    if len(wanted) > MAX_PARENTS:
        raise InvalidInput(
            _("At most %(most)d parents can be named.") % {"most": MAX_PARENTS},
            code="too_many_parents",
            field="parents",
        )
    offered = StyleVersion.objects.filter(
        pk__in=wanted, state=StyleVersion.State.PUBLISHED, pack__base_model=pack.base_model_id
    ).select_related("style")
    parents = list(offered.order_by("pk"))
    if len(parents) != len(wanted):
        raise InvalidInput(
            _("A style can only derive from published versions for the same base. Look up the parents' numbers again."),
            code="unknown_parent",
            field="parents",
        )
    for parent in parents:
        _refuse_what_the_parent_forbids(creator, terms, parent)
    return parents


def _refuse_what_the_parent_forbids(creator: User, terms: PublishTerms, parent: StyleVersion) -> None:
    use = Use(act=Act.DERIVE, on=timezone.now().date())
    if parent.style.creator_id != creator.pk and evaluate(use, parent.policy):
        raise NotAllowed(
            _("“%(title)s” may not be derived from. Ask its creator, or leave it out.") % {"title": parent.style.title},
            code="parent_forbids_derivatives",
            field="parents",
        )
    licence = LICENCES.get(parent.licence)
    if licence is not None and licence.share_alike and terms.licence != parent.licence:
        raise NotAllowed(
            _("“%(title)s” is under %(licence)s, and what derives from it must be too. Choose that licence.")
            % {"title": parent.style.title, "licence": licence.title},
            code="parent_is_share_alike",
            field="licence",
        )
