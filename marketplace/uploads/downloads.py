"""A LoRA that the hub made of a creator's model, streamed from the store to that creator."""

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from hub import keys
from hub.object_store import object_store
from marketplace.errors import NotFound
from marketplace.uploads.models import Upload


def lora_file(upload: Upload) -> StreamingHttpResponse:
    """The file, for the owner. Raises NotFound for any other upload: a creator has their own files already."""
    if not upload.extraction:
        raise NotFound(_("There is no file made by the hub here."))
    response = StreamingHttpResponse(
        object_store().stream(keys.source(upload.sha256)), content_type="application/octet-stream"
    )
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=upload.file_name) or ""
    response["Content-Length"] = str(upload.size)
    return response
