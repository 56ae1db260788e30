"""Words for the roles in which people earn."""

from django.utils.translation import gettext_lazy as _

SHARE_ROLES = {
    "creator": _("creator"),
    "parent": _("made what it derives from"),
    "dataset": _("training pictures"),
    "library": _("content library"),
    "licensor": _("licensor of the base"),
    "seller": _("seller"),
    "compute": _("computation"),
    "platform": _("Irodori"),
}
