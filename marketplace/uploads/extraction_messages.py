"""What is said between the site and the convert worker about a LoRA that is made of a model."""

from hub import keys
from hub.jobs import AdapterUse, Extracted, ExtractJob
from marketplace.uploads.models import Upload

# What the LoRA's pictures and the model's show, where the base has no examples of its own.
PROMPTS = ("a red apple on a table", "a house by the sea")
PICTURES = 3


def extract_job(upload: Upload) -> ExtractJob:
    """The message for a LoRA's upload."""
    model, base = upload.extracted_from, upload.base_model
    assert model is not None  # noqa: S101 - narrows the type; only called for uploads that have one
    assert model.pack is not None  # noqa: S101 - as above: what is ready has a pack
    own = model.pack
    shown = tuple(base.examples.order_by("position").values_list("prompt", flat=True)[:PICTURES])
    return ExtractJob(
        upload_id=upload.pk,
        attempt=upload.attempt,
        source_key=keys.source(model.sha256),
        source_sha256=model.sha256,
        format=model.format,
        engine=base.engine,
        base_model=base.slug,
        original=AdapterUse(pack_sha256=own.sha256, pack_key=own.key, kind="fine_tune", weight=1.0),
        prompts=shown or PROMPTS,
        side=base.default_side,
        steps=base.default_steps,
        guidance_scale=base.default_guidance,
    )


def columns_of(message: Extracted) -> dict[str, object]:
    """What a finished LoRA's upload says of its file and of its errors."""
    report = message.model_dump(mode="json", include={"error", "left_out", "layers"})
    report |= message.model_dump(mode="json", include={"picture_difference", "picture_effect"})
    return {"sha256": message.sha256, "size": message.size, "extraction": report}
