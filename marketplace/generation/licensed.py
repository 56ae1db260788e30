"""Asks the policies of the base and of its styles whether this picture may be made, and says in words who does not allow it."""

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.catalogue.licences import LICENCES, must_be_shared_under
from marketplace.catalogue.models import BaseModel, Style, StyleVersion
from marketplace.errors import NotAllowed
from marketplace.generation.models import Generation
from marketplace.licences.rules import Act, Clause, Use, evaluate, gives_what_share_alike_gives
from marketplace.licences.selectors import policy_of, policy_of_base

Said = dict[str, object]
# What a style's policy refuses, by its clause.
REFUSALS: MappingProxyType[Clause, Callable[[Said], NotAllowed]] = MappingProxyType(
    {
        Clause.MERGING: lambda said: NotAllowed(
            _("The creator of “%(title)s” does not allow combining it with others. Use it alone.") % said,
            code="combining_not_licensed",
            field="adapters",
        ),
        Clause.RESALE: lambda said: NotAllowed(
            _("The creator of “%(title)s” does not license images for resale.") % said,
            code="resale_not_licensed",
            field="resale",
        ),
        Clause.COMMERCIAL_USE: lambda said: NotAllowed(
            _("The creator of “%(title)s” does not license images for business. Choose another style.") % said,
            code="commercial_use_not_licensed",
            field="adapters",
        ),
        Clause.PARTNERS: lambda said: NotAllowed(
            _("The creator of “%(title)s” licenses this to certain partners alone. Choose another style.") % said,
            code="partner_not_licensed",
            field="adapters",
        ),
        Clause.TERRITORY: lambda said: NotAllowed(
            _("The creator of “%(title)s” licenses this for certain countries alone. Choose another style.") % said,
            code="territory_not_licensed",
            field="adapters",
        ),
        Clause.EXPIRES: lambda said: NotAllowed(
            _("“%(title)s” was licensed until %(expires)s. Choose another style.") % said,
            code="licence_expired",
            field="adapters",
        ),
    }
)


def refuse_what_is_not_licensed(
    base: BaseModel,
    versions: Sequence[StyleVersion],
    *,
    resale: bool,
    partner: str | None,
    territory: Sequence[str] = (),
) -> None:
    """Raises NotAllowed. `partner` is the organisation that orders; what one makes is for business, and `territory` is where."""
    for use in _uses(versions, resale=resale, partner=partner, territory=territory):
        if denial := evaluate(use, *(policy_of(version) for version in versions)):
            version = versions[denial.place]
            raise REFUSALS[denial.clause]({"title": version.style.title, "expires": version.expires})
        # Mixing is a matter of the styles, whose creators could permit no more of it than the base does.
        if use.act != Act.COMBINE and evaluate(use, policy_of_base(base)):
            raise NotAllowed(
                _("The licence of %(base)s, %(licence)s, is not known to allow this. Choose another base.")
                % {"base": base.title, "licence": base.licence},
                code="not_licensed_by_base",
                field="base_model",
            )
    _refuse_what_share_alike_forbids(versions)


def refuse_as_input(generation: Generation) -> None:
    """Raises NotAllowed where a style of this image rules out that another starts from it."""
    if (style := denied_as_input(generation)) is not None:
        message = _("The creator of “%(title)s” rules out its pictures as a model’s input. Start from another picture.")
        raise NotAllowed(message % {"title": style.title}, code="input_not_licensed", field="picture")


def denied_as_input(generation: Generation) -> Style | None:
    """The style that does, if any; what somebody made with a style of their own is theirs to start from."""
    versions = [use.version for use in generation.adapters.select_related("version__style")]
    others = [version for version in versions if version.style.creator_id != generation.buyer_id]
    use = Use(act=Act.INPUT, on=(generation.finished_at or timezone.now()).date())
    denial = evaluate(use, *(policy_of(version) for version in others))
    return others[denial.place].style if denial else None


def _uses(
    versions: Sequence[StyleVersion], *, resale: bool, partner: str | None, territory: Sequence[str]
) -> Iterator[Use]:
    today, commercial = timezone.now().date(), partner is not None
    acts = [
        act for act, asked in ((Act.COMBINE, len(versions) > 1), (Act.RESELL, resale), (Act.GENERATE, True)) if asked
    ]
    for act in acts:
        for code in territory or (None,):
            yield Use(act=act, on=today, commercial=commercial, partner=partner, territory=code)


def _refuse_what_share_alike_forbids(versions: Sequence[StyleVersion]) -> None:
    """A share-alike picture carries no other terms, so every style in it must allow what its licence gives to all."""
    licence = must_be_shared_under(version.licence for version in versions)
    for version in versions:
        if licence and version.licence != licence and not _gives_what_share_alike_gives(version):
            message = _(
                "A picture under %(licence)s may be sold and trained on by whoever receives it, and the terms of "
                "“%(title)s” do not allow that. Use these styles one at a time."
            ) % {"licence": licence, "title": version.style.title}
            raise NotAllowed(message, code="licences_conflict", field="adapters")


def _gives_what_share_alike_gives(version: StyleVersion) -> bool:
    # A second share-alike licence would ask for itself; one that is offered no more is taken to forbid.
    licence = LICENCES.get(version.licence)
    known = licence is not None and licence.resale and not licence.share_alike
    return known and gives_what_share_alike_gives(policy_of(version))
