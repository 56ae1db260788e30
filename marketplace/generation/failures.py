"""Why an image was not made, in words for the buyer; stored in English and translated where they are shown."""

from django.utils.translation import gettext_noop

# Codes of failures that no change of the request would mend.
SITE_FAILURES = frozenset(
    ("bad_message", "deadline", "engine_error", "image_damaged", "storage_error", "took_too_long", "worker_lost")
)
IMAGE_DAMAGED = gettext_noop("The image was drawn but could not be stored whole. You were not charged; try again.")
WORKER_LOST = gettext_noop("The computer that drew this image stopped. You were not charged; try again.")
TOOK_TOO_LONG = gettext_noop("No computer was free to draw this image for a day. You were not charged; try again.")
