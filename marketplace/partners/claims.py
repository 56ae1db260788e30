"""What receipts say: who licensed what, when, where, for which image, at what price. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from marketplace.partners.models import Grant, LicensedImage, Partner


def grant_claims(receipt_id: UUID, issuer: str, grant: Grant) -> dict[str, Any]:
    agreement = grant.agreement
    return {
        **_head(receipt_id, issuer, grant.partner, grant.created_at),
        "kind": "grant",
        "grants": [_licence(grant)],
        "price": {
            "paid_micro": agreement.total_micro,
            "per_image_micro": agreement.unit_price_micro,
            "currency": agreement.currency,
        },
    }


def image_claims(receipt_id: UUID, issuer: str, image: LicensedImage, grants: Iterable[Grant]) -> dict[str, Any]:
    """`paid_micro` is what was paid for this image; `prepaid_micro` what its grants had paid of it before."""
    generation = image.generation
    assert generation.finished_at is not None  # noqa: S101 - narrows the type: only delivered images have receipts
    return {
        **_head(receipt_id, issuer, image.partner, generation.finished_at),
        "kind": "image",
        "grants": [_licence(grant) for grant in grants],
        "territory": image.territory,
        "resale": generation.resale,
        "image": {
            "generation": str(generation.pk),
            "sha256": generation.image_sha256,
            "media_type": generation.image_media_type,
            "width": generation.width,
            "height": generation.height,
            "base_model": generation.base_model.slug,
            "ordered_at": _seconds(image.ordered_at),
            "made_at": _seconds(generation.finished_at),
        },
        "price": {
            "paid_micro": generation.price_micro,
            "prepaid_micro": image.prepaid_micro,
            "currency": generation.currency,
        },
    }


def _head(receipt_id: UUID, issuer: str, partner: Partner, at: datetime) -> dict[str, Any]:
    organisation = partner.organisation
    return {
        "jti": str(receipt_id),
        "iss": issuer,
        "iat": _seconds(at),
        "licensee": {"organisation": organisation.slug, "name": organisation.name},
    }


def _licence(grant: Grant) -> dict[str, Any]:
    agreement = grant.agreement
    version = agreement.version
    return {
        "grant": str(grant.pk),
        "agreement": str(agreement.pk),
        "version": version.pk,
        "style": version.style.slug,
        "title": version.style.title,
        "number": version.number,
        "creator": version.style.creator.display_name,
        "licence": version.licence,
        "permissions": agreement.permissions,
        "territory": agreement.territory,
        "starts_at": _seconds(agreement.starts_at),
        "ends_at": _seconds(agreement.ends_at),
    }


def _seconds(moment: datetime) -> int:
    """Since 1970, as in JSON Web Tokens."""
    return int(moment.timestamp())
