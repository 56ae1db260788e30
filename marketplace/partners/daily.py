"""What was made under grants, by day and style: each image once, so that a chart's sum is the report's."""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Sum
from django.db.models.functions import TruncDate

from marketplace.partners.models import LicensedImage, Partner
from marketplace.partners.usage import made_in

Under: Any = LicensedImage.grants.through


@dataclass(frozen=True)
class DayUse:
    """`version_id` is None for mixes, whose images are of several styles."""

    day: date
    version_id: int | None
    title: str
    images: int
    paid_micro: int


def by_day(partner: Partner, first: date, last: date) -> list[DayUse]:
    """In one query; oldest day first."""
    same_image = Under.objects.filter(licensedimage=OuterRef("licensedimage"))
    once = Under.objects.filter(
        ~Exists(same_image.filter(pk__lt=OuterRef("pk"))), licensedimage__in=made_in(partner, first, last)
    )
    rows = (
        once.annotate(
            day=TruncDate("licensedimage__generation__finished_at", tzinfo=UTC),
            mixed=Exists(same_image.filter(pk__gt=OuterRef("pk"))),
        )
        .values_list("day", "mixed", "grant__agreement__version", "grant__agreement__version__style__title")
        .annotate(Count("pk"), Sum("licensedimage__generation__price_micro"))
        .order_by("day", "grant__agreement__version")
    )
    return [
        DayUse(day, None if mixed else version, "" if mixed else title, images, paid)
        for day, mixed, version, title, images, paid in rows
    ]
