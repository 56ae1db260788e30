"""What batches refuse."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from marketplace.errors import InvalidInput, ManyRefusals, Refusal


class ItemsRefused(ManyRefusals):
    """Some items can't be made, so nothing is ordered; each says by itself why."""

    code = "items_refused"

    def __init__(self, refused: Mapping[int, Refusal]) -> None:
        message = _(
            "%(count)s of the images can't be made, so none was ordered. Change or leave out those that are named."
        )
        super().__init__(
            message % {"count": len(refused)},
            {f"items.{number}{_field(refusal)}": refusal for number, refusal in refused.items()},
        )


class BatchSizeRefused(InvalidInput):
    code = "batch_size"


def _field(refusal: Refusal) -> str:
    return f".{refusal.field}" if refusal.field else ""
