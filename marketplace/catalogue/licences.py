"""The licences a creator may offer pictures under. Each says only what the hub itself enforces.

The licences are about the pictures. A model's file is handed out only where its creator sells it, for the buyer's own use.
What is granted stands in the version's policy (marketplace.licences); a licence says what a policy under it may hold:
- `commercial` and `resale`: False refuses the permission at publication.
- `is_open`: commercial use is granted to everyone, and nothing limits it to countries or partners.
- `credit`: the policy asks for the credit line beside each picture and in the API's answer (`credit_line`).
- `share_alike`: True says beside each picture, and in the API, under which licence it must be passed on. It refuses
  opt-outs at publication, and a mix with any style whose terms that licence would break (generation.styles).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Licence:
    """`id` never changes; `summary` is one sentence for buyers, `sold` one for those who buy a finished picture under it,
    where that says something else."""

    id: str
    title: str | Promise
    summary: str | Promise
    commercial: bool = True
    resale: bool = True
    is_open: bool = False
    credit: bool = False
    share_alike: bool = False
    sold: str | Promise = ""


_OFFERED = (
    Licence(
        "irodori-standard",
        _("Irodori standard"),
        _("Use your pictures as the creator allows, clause by clause."),
        sold=_("Use the picture for anything, at home or in business."),
    ),
    Licence(
        "irodori-personal",
        _("Irodori personal"),
        _("Pictures are for your own use; none is made for resale."),
        commercial=False,
        resale=False,
    ),
    Licence(
        "CC-BY-4.0",
        _("Creative Commons Attribution 4.0"),
        _("Share and sell your pictures as long as you name the creator; the credit line comes with each."),
        is_open=True,
        credit=True,
    ),
    Licence(
        "CC-BY-SA-4.0",
        _("Creative Commons Attribution-ShareAlike 4.0"),
        _(
            "Share and sell your pictures under this same licence and name the creator; the credit line comes with each."
        ),
        is_open=True,
        credit=True,
        share_alike=True,
    ),
    Licence(
        "MIT",
        _("MIT"),
        _("Use your pictures for anything, and keep the credit line with them."),
        is_open=True,
        credit=True,
    ),
    Licence(
        "CC0-1.0",
        _("Creative Commons Zero 1.0"),
        _("No conditions: the pictures are free for all."),
        is_open=True,
    ),
)
LICENCES = MappingProxyType({licence.id: licence for licence in _OFFERED})


def credit_line(*, licence: str, title: str, creator: str, attribution: str = "") -> str:
    """The line that goes with a picture. `attribution` names whose work the style was made from, where that is more than
    its creator."""
    return f"“{title}” by {creator}, {licence}{f'. {attribution}' if attribution else ''}"


def must_be_shared_under(licences: Iterable[str]) -> str:
    """The share-alike licence that a picture of styles under these licences is passed on under; "" if it is free of one."""
    return next((id_ for id_ in licences if id_ in LICENCES and LICENCES[id_].share_alike), "")
