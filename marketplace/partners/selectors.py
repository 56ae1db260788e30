"""A partner's own grants and images; another's answer as if they did not exist."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.errors import NotFound
from marketplace.generation.models import Generation
from marketplace.partners.limits import STANDING
from marketplace.partners.models import Grant, LicensedImage, Partner


def grants_of(partner: Partner) -> QuerySet[Grant]:
    """Newest first, with what each is about at hand, and how many images count against it."""
    grants = Grant.objects.filter(partner=partner.pk).select_related(
        "agreement__version__style__creator", "agreement__version__pack__base_model", "partner__organisation"
    )
    used = Count("images", filter=Q(images__generation__state__in=STANDING))
    return grants.annotate(used=used).order_by("-created_at")


def own_grant(partner: Partner, grant_id: UUID) -> Grant:
    """Raises NotFound."""
    return own_grants(partner, [grant_id])[0]


def own_grants(partner: Partner, ids: Sequence[UUID]) -> list[Grant]:
    """In the order of their ids in the argument. Raises NotFound for one that is another's, too."""
    found = {grant.pk: grant for grant in grants_of(partner).filter(pk__in=ids)}
    if any(id_ not in found for id_ in ids):
        raise NotFound(_("There is no such grant among yours."), code="grant_not_found")
    return [found[id_] for id_ in ids]


def active_grants(partner: Partner, versions: Iterable[StyleVersion], now: datetime) -> dict[int, Grant]:
    """By version, the newest that orders may name."""
    grants = Grant.objects.filter(
        partner=partner.pk, agreement__version__in=versions, agreement__ends_at__gt=now, revoked_at=None
    )
    return {grant.agreement.version_id: grant for grant in grants.select_related("agreement").order_by("created_at")}


def images_of(grant: Grant) -> QuerySet[LicensedImage]:
    """What was ordered under it; what waits, failed or was cancelled too."""
    return grant.images.select_related("generation")


def own_licensed_image(account: User, generation_id: UUID) -> LicensedImage:
    """Raises NotFound for one that is not there, another's, not made under a grant, or not delivered."""
    images = licensed_images().filter(generation__buyer=account, generation__state=Generation.State.SUCCEEDED)
    image = images.filter(pk=generation_id).first()
    if image is None:
        message = _("There is no delivered image of yours under this id that was ordered with Irodori-Grant.")
        raise NotFound(message, code="receipt_not_found")
    return image


def licensed_images() -> QuerySet[LicensedImage]:
    """With everything that a receipt tells at hand."""
    images = LicensedImage.objects.select_related("partner__organisation", "generation__base_model", "receipt")
    return images.prefetch_related("grants__agreement__version__style__creator", "generation__adapters__version")
