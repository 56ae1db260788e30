"""Puts names on the opt-out list. Who takes one off deletes its row."""

from django.utils.translation import gettext as _

from hub.plugin_api import fold
from marketplace.errors import InvalidInput
from marketplace.rights.models import OptOutName

MIN_LETTERS = 2
MAX_LETTERS = 120


def add_opt_out(*, name: str, kind: OptOutName.Kind = OptOutName.Kind.ARTIST) -> OptOutName:
    """List a name; one that is listed already, in any spelling that folds alike, stays as it is.

    Raises InvalidInput for a name with under two letters: it would block half of all texts.
    """
    folded = fold(name)
    if len(folded.replace(" ", "")) < MIN_LETTERS or max(len(folded), len(name)) > MAX_LETTERS:
        raise InvalidInput(
            _("A name has 2 to 120 letters or digits. Write it as its owner does."), code="bad_name", field="name"
        )
    row, _created = OptOutName.objects.get_or_create(folded=folded, defaults={"name": name.strip(), "kind": kind})
    return row
