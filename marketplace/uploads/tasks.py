"""Only translates: messages in, services called."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from hub.jobs import CONVERT_REFUSED_TASK, CONVERTED_TASK, EXTRACTED_TASK, Converted, ConvertRefused, Extracted
from marketplace.uploads import conversion
from marketplace.uploads.ingest import ingest
from marketplace.uploads.services import INGEST_TASK


@shared_task(name=INGEST_TASK)
def ingest_upload(upload_id: str) -> None:
    ingest(upload_id=UUID(upload_id))


@shared_task(name=CONVERTED_TASK)
def converted(message: dict[str, Any]) -> None:
    conversion.accept_conversion(Converted.model_validate(message))


@shared_task(name=EXTRACTED_TASK)
def extracted(message: dict[str, Any]) -> None:
    conversion.accept_conversion(Extracted.model_validate(message))


@shared_task(name=CONVERT_REFUSED_TASK)
def convert_refused(message: dict[str, Any]) -> None:
    conversion.refuse_conversion(ConvertRefused.model_validate(message))


@shared_task(name="uploads.reap")
def reap() -> None:
    conversion.reap(now=timezone.now())
