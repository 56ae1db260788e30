"""Pages of a batch's images, by their numbers."""

from marketplace.api.pagination import NewestFirst
from marketplace.batches.services import MOST_ITEMS


class ByNumber(NewestFirst):
    """From the first on; a whole batch may be one page."""

    falling = False
    usual, most = 100, MOST_ITEMS
