"""Has a LoRA made of a creator's ready model. The LoRA is an upload of its own, to download or to publish as any other."""

from pathlib import PurePath

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.errors import Conflict
from marketplace.uploads.conversion import send
from marketplace.uploads.models import Upload


def start_extraction(*, upload: Upload) -> Upload:
    """The LoRA's upload, which is being made; asking again gives the one there is. Raises Conflict."""
    if upload.state != Upload.State.READY or upload.pack is None or upload.pack.kind != "fine_tune":
        raise Conflict(
            _("A LoRA can be made of a fine-tuned model that is ready. Wait until it says “Ready to publish”."),
            code="no_model",
        )
    try:
        with transaction.atomic():
            return _made(upload)
    except IntegrityError:
        return Upload.objects.exclude(state=Upload.State.REFUSED).get(extracted_from=upload)


def _made(upload: Upload) -> Upload:
    made = Upload.objects.create(
        owner=upload.owner,
        base_model=upload.base_model,
        extracted_from=upload,
        file_name=f"{PurePath(upload.file_name).stem[:150]}-lora.safetensors",
        size=upload.size,
        part_size=upload.part_size,
        state=Upload.State.CONVERTING,
        attempt=1,
        sent_at=timezone.now(),
    )
    send(made)
    return made
