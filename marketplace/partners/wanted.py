"""What a partner asks for, checked as far as nobody else has a say in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from marketplace.errors import InvalidInput
from marketplace.partners.models import Agreement
from marketplace.partners.policies import NAMES
from marketplace.partners.territory import Territory, codes_of

MOST_DAYS = 3 * 366
MOST_IMAGES = 1_000_000


@dataclass(frozen=True)
class Wanted:
    """A licence for one version: what may be done, where, for how long, for how many images, and how they are paid."""

    version_id: int
    permissions: tuple[str, ...]
    territory: Territory
    days: int
    images: int
    payment: str

    @property
    def term(self) -> timedelta:
        return timedelta(days=self.days)


def checked_permissions(names: Sequence[str]) -> tuple[str, ...]:
    """Each once, in the order of all. Raises InvalidInput."""
    if unknown := sorted(set(names) - set(NAMES)):
        message = _("There is no permission “%(name)s”. There are: %(all)s.")
        raise InvalidInput(
            message % {"name": unknown[0], "all": ", ".join(NAMES)},
            code="unknown_permission",
            field="permissions",
        )
    return tuple(name for name in NAMES if name in names)


def checked_territory(codes: Sequence[str]) -> Territory:
    """Raises InvalidInput."""
    territory = codes_of(codes)
    if territory is None:
        message = _("A territory is a list of country codes in capitals, such as JP or DE (ISO 3166-1 alpha-2).")
        raise InvalidInput(message, code="bad_territory", field="territory")
    return territory


def check(wanted: Wanted) -> None:
    """Raises InvalidInput."""
    checked_permissions(wanted.permissions)
    checked_territory(wanted.territory)
    if not wanted.permissions:
        message = _("Name at least one permission: a licence that permits nothing is none.")
        raise InvalidInput(message, code="no_permission", field="permissions")
    if wanted.payment not in Agreement.Payment.values:
        message = _("Choose “prepaid” or “per_image”.")
        raise InvalidInput(message, code="unknown_payment", field="payment")
    for field, value, most in (("days", wanted.days, MOST_DAYS), ("images", wanted.images, MOST_IMAGES)):
        if not 1 <= value <= most:
            message = _("Choose a number from 1 to %(most)s.") % {"most": most}
            raise InvalidInput(message, code="out_of_range", field=field)
