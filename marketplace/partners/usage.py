"""What was made under which grant in some days: sums for programs, and a line per image as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.errors import InvalidInput
from marketplace.generation.models import Generation
from marketplace.generation.settlement import HOLD_LIFE
from marketplace.ledger.periods import Period
from marketplace.partners.models import LicensedImage, Partner
from marketplace.statements.sheet import CONTROL, cell

MOST_DAYS = 366
COLUMNS = [
    *("made_at", "generation", "image_sha256", "grants", "territory", "resale"),
    *("paid_micro", "prepaid_micro", "currency", "receipt"),
]
AT_ONCE = 500


@dataclass(frozen=True)
class GrantUsage:
    """An image under two grants counts for each of them."""

    grant: UUID
    version: int
    title: str
    images: int
    paid_micro: int


@dataclass(frozen=True)
class Usage:
    """`images` and the sums count each image once, so that they are its control totals and not those of `grants`."""

    first: date
    last: date
    grants: tuple[GrantUsage, ...]
    images: int
    paid_micro: int
    prepaid_micro: int


def days_of(first: str | None, last: str | None) -> tuple[date, date]:
    """Both days are counted, in UTC; left out, it is this month. Raises InvalidInput."""
    today = timezone.now().astimezone(UTC).date()
    begin, end = _day(first, "from") or today.replace(day=1), _day(last, "to") or today
    if not 0 <= (end - begin).days < MOST_DAYS:
        message = _("“from” comes before “to”, and there are at most %(most)d days between them.")
        raise InvalidInput(message % {"most": MOST_DAYS}, code="bad_days", field="to")
    return begin, end


def usage(partner: Partner, first: date, last: date) -> Usage:
    made = made_in(partner, first, last)
    rows = made.values("grants", "grants__agreement__version", "grants__agreement__version__style__title")
    rows = rows.annotate(images=Count("pk"), paid=Sum("generation__price_micro")).order_by("-images", "grants")
    sums = made.aggregate(
        images=Count("pk"), paid=Sum("generation__price_micro", default=0), prepaid=Sum("prepaid_micro", default=0)
    )
    grants = tuple(
        GrantUsage(
            row["grants"],
            row["grants__agreement__version"],
            row["grants__agreement__version__style__title"],
            row["images"],
            row["paid"],
        )
        for row in rows
    )
    return Usage(first, last, grants, sums["images"], sums["paid"], sums["prepaid"])


def usage_rows(partner: Partner, first: date, last: date) -> Iterator[list[str | int]]:
    """A heading, a line per image in order of time, and control totals, in columns that no sum counts."""
    yield [*COLUMNS]
    images = paid = prepaid = 0
    made = made_in(partner, first, last).select_related("generation", "receipt").prefetch_related("grants")
    for image in made.order_by("generation__finished_at", "pk").iterator(AT_ONCE):
        images += 1
        paid += image.generation.price_micro
        prepaid += image.prepaid_micro
        yield _line(image)
    yield []
    yield [CONTROL, "images", images]
    yield [CONTROL, "sum of paid_micro", paid]
    yield [CONTROL, "sum of prepaid_micro", prepaid]


def made_in(partner: Partner, first: date, last: date) -> QuerySet[LicensedImage]:
    """What was delivered in these days, both counted, in UTC."""
    period = Period(_midnight(first), _midnight(last + timedelta(days=1)))
    return LicensedImage.objects.filter(
        partner=partner.pk,
        # By index; no image takes longer than its hold.
        ordered_at__gte=period.start - HOLD_LIFE,
        ordered_at__lt=period.end,
        generation__state=Generation.State.SUCCEEDED,
        generation__finished_at__gte=period.start,
        generation__finished_at__lt=period.end,
    )


def _line(image: LicensedImage) -> list[str | int]:
    generation, receipt = image.generation, getattr(image, "receipt", None)
    values = (
        generation.finished_at,
        generation.pk,
        generation.image_sha256,
        " ".join(sorted(str(grant.pk) for grant in image.grants.all())),
        " ".join(image.territory) or "*",
        "yes" if generation.resale else "no",
        generation.price_micro,
        image.prepaid_micro,
        generation.currency,
        receipt.pk if receipt else "",
    )
    return [cell(value) for value in values]


def _day(text: str | None, field: str) -> date | None:
    if text is None:
        return None
    try:
        return _plausible(date.fromisoformat(text))
    except ValueError as error:
        raise InvalidInput(_("Write a day as 2026-11-30."), code="bad_days", field=field) from error


def _plausible(day: date) -> date:
    """Raises ValueError for what is so far off that its neighbours may not exist."""
    if day.year not in range(2000, 3000):
        raise ValueError(day)
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
