"""The policy that a creator's terms come to, and whether it is theirs to grant."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.catalogue.terms import PublishTerms
from marketplace.errors import NotAllowed
from marketplace.licences.bases import policy_of_licence
from marketplace.licences.columns import COLUMN_OF
from marketplace.licences.policy import OPT_OUTS, Policy
from marketplace.licences.rules import exceeds
from marketplace.licences.words import CLAUSES


def stated_policy(terms: PublishTerms) -> Policy:
    """What the terms grant, together with what their licence gives and asks by itself; no training means every opt-out."""
    licence = LICENCES[terms.licence]
    opt_outs = set(terms.opt_outs) | (set() if terms.outputs_may_train else set(Policy.opt_outs))
    return Policy(
        commercial_use=terms.commercial_use or terms.may_be_resold or licence.is_open,
        credit_required=terms.credit_required or licence.credit,
        merging=terms.may_be_merged,
        derivatives=terms.may_be_derived,
        resale_through_partners=terms.may_be_resold,
        training_on_outputs=terms.outputs_may_train,
        territory=tuple(sorted(set(terms.territory))),
        partners=tuple(sorted(set(terms.partners))),
        expires=terms.expires,
        opt_outs=tuple(name for name in OPT_OUTS if name in opt_outs),
    )


def refuse_what_is_not_granted(creator: User, policy: Policy, base: BaseModel, parents: Iterable[StyleVersion]) -> None:
    """Nobody grants more than they were granted. Raises NotAllowed, with the clause named."""
    clause = exceeds(policy, policy_of_licence(base.licence))
    if clause is not None:
        raise NotAllowed(
            _("The licence of %(base)s, %(licence)s, does not let you grant this: %(clause)s. Take it back.")
            % {"base": base.title, "licence": base.licence, "clause": CLAUSES[clause]},
            code="not_granted_by_base",
            field=COLUMN_OF[clause],
        )
    for source in binding_sources(creator, parents):
        clause = exceeds(policy, source.policy)
        if clause is not None:
            raise NotAllowed(
                _("“%(title)s”, which this derives from, does not let you grant this: %(clause)s. Take it back.")
                % {"title": source.style.title, "clause": CLAUSES[clause]},
                code="not_granted_by_parent",
                field=COLUMN_OF[clause],
            )


def binding_sources(creator: User, parents: Iterable[StyleVersion]) -> Iterator[StyleVersion]:
    """All versions up the lineage whose terms bind the creator, nearest first, each once.

    One's own version binds nobody but others: who made both grants anew with the later one. So each is looked at from what
    derives from it.
    """
    seen: set[int] = set()
    reached = [(creator.pk, parent) for parent in parents]
    while reached:
        for maker, version in reached:
            if version.style.creator_id != maker and version.pk not in seen:
                seen.add(version.pk)
                yield version
        reached = _one_generation_up({version.pk: version for _maker, version in reached})


def _one_generation_up(versions: dict[int, StyleVersion]) -> list[tuple[int, StyleVersion]]:
    """Each parent with the creator of what derives from it. A version is newer than its parents, so this ends."""
    links = StyleVersion.parents.through.objects.filter(from_styleversion__in=versions)
    return [
        (versions[link.from_styleversion_id].style.creator_id, link.to_styleversion)
        for link in links.select_related("to_styleversion__style").order_by("to_styleversion_id")
    ]
