"""What people tell of themselves."""

from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import InvalidInput

MAX_NAME = 60


def rename(*, user: User, display_name: str) -> None:
    """The name beside what they publish. Raises InvalidInput."""
    name = display_name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidInput(
            _("A name has 1 to %(most)s characters, none of them control characters.") % {"most": MAX_NAME},
            code="bad_display_name",
            field="display_name",
        )
    user.display_name = name
    user.save(update_fields=["display_name"])
