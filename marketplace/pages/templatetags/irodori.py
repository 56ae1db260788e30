"""What templates need beyond Django's own: icons, money, form fields in the look of the site."""

from collections.abc import Sequence
from decimal import Decimal

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext

from marketplace.catalogue.channels import open_channel
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.terms import Consent
from marketplace.ledger.money import MICRO_PER_CREDIT, format_credits, format_units
from marketplace.licences.words import country_name
from marketplace.pages.labels import (
    ACCOUNT_KINDS,
    CHANNELS,
    CONSENTS,
    ENTRY_KINDS,
    PACK_KINDS,
    SCHEDULER_LABELS,
    SHARE_SOURCES,
)
from marketplace.pages.widgets import styled
from marketplace.payouts.labels import SHARE_ROLES

register = template.Library()

# Two that often stand together are far apart in hue and in lightness.
ROLE_FILLS = {
    "creator": "fill-primary",
    "parent": "fill-secondary",
    "library": "fill-accent",
    "dataset": "fill-success",
    "licensor": "fill-base-content",
}

# The largest series of a chart first; the last is whatever has no colour of its own.
SERIES_FILLS = (
    "fill-primary",
    "fill-secondary",
    "fill-accent",
    "fill-success",
    "fill-base-content",
    "fill-base-content/50",
)


@register.simple_tag
def icon(name: str, classes: str = "size-5") -> SafeString:
    """One symbol of static/img/icons.svg, hidden from screen readers: the text beside it says the same."""
    return format_html(
        '<svg class="{} shrink-0" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static("img/icons.svg"),
        name,
    )


@register.filter
def credits(micro: int) -> str:  # noqa: A001 - the name templates read best
    """Micro-units as "1.25 credits"."""
    return ngettext("%(amount)s credit", "%(amount)s credits", 1 if micro == MICRO_PER_CREDIT else 2) % {
        "amount": format_credits(micro)
    }


@register.filter
def first_for(version: StyleVersion) -> str:
    """Whose a version is that is not everyone's yet; "" for one that is."""
    return str(CHANNELS.get(open_channel(version, timezone.now()), ""))


@register.filter
def amount(micro: int) -> str:
    """Micro-units as "1.25", for columns whose heading says credits; a real minus sign, as wide as a plus."""
    return format_credits(micro).replace("-", "\N{MINUS SIGN}")


@register.filter
def plain_credits(micro: int) -> str:
    """As a person would type it into a field."""
    return format_credits(micro).replace(",", "")


@register.filter
def units(micro: int, least_places: int = 2) -> str:
    """Micro-units in the currency itself, as "0.0125"; in a column of them with as many places as the finest has."""
    return format_units(micro, least_places).replace("-", "\N{MINUS SIGN}")


@register.filter
def percent(basis_points: int) -> str:
    """Basis points as "70 %"."""
    number = f"{Decimal(basis_points) / 100:f}".removesuffix(".00")
    return gettext("%(number)s\N{NO-BREAK SPACE}%%") % {"number": number}


@register.filter
def scheduler_label(name: str) -> str:
    return str(SCHEDULER_LABELS.get(name, name))


@register.filter
def consent(name: str) -> str:
    return str(dict(CONSENTS).get(Consent(name), name))


@register.filter
def pack_kind(kind: str) -> str:
    return str(PACK_KINDS.get(kind, kind))


@register.filter
def entry_kind(kind: str) -> str:
    """What a ledger transaction did, in words."""
    return str(ENTRY_KINDS.get(kind, kind))


@register.filter
def account_kind(kind: str) -> str:
    """What stands in a kind of account, in words."""
    return str(ACCOUNT_KINDS.get(kind, kind))


@register.filter
def places(codes: Sequence[str]) -> str:
    """Where a licence holds, in the names of the countries."""
    listed = pgettext("between the items of a list", ", ").join(map(country_name, codes))
    return listed or gettext("Every country")


@register.filter
def share_role(role: str) -> str:
    """Why somebody is paid, in words."""
    return str(SHARE_ROLES.get(role, role))


@register.filter
def share_source(role: str) -> str:
    """Where one's own earnings come from, in words."""
    return str(SHARE_SOURCES.get(role, role))


@register.filter
def role_fill(role: str) -> str:
    """The colour of a source of earnings in charts and in their legend."""
    return ROLE_FILLS.get(role, "fill-base-content/50")


@register.filter
def series_fill(series: str) -> str:
    """The colour of one series of a chart, by its rank."""
    return SERIES_FILLS[int(series)]


@register.simple_tag
def control(bound: BoundField) -> SafeString:
    """The control of a field alone, where a template lays out label and errors itself."""
    return styled(bound)


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, object]:
    """Label, control, help and errors of one form field, tied together for screen readers."""
    return {"field": bound, "control": styled(bound, hint), "hint": hint or bound.help_text}


@register.simple_tag(takes_context=True)
def here(context: template.Context, prefix: str) -> SafeString | str:
    """aria-current for the navigation link of the section that the visitor is in."""
    request: HttpRequest | None = context.get("request")
    path = request.path if request else ""
    inside = path == prefix if prefix == "/" else path.startswith(prefix)
    return SafeString('aria-current="page"') if inside else ""
