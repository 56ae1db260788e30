"""What machines may mine on this site, as the file that TDMRep has them read before anything else.

https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/ (section 5.1). Of the rules that match an address the
first holds. All is reserved but what its creator leaves free, so that a copy of the file that is out of date reserves too
much rather than too little.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from marketplace.catalogue.models import StyleVersion
from marketplace.licences.columns import COLUMN_OF
from marketplace.licences.rules import Clause, is_reserved
from marketplace.licences.selectors import policy_of

FRESH_S = 300
RESERVED, FREE = 1, 0
END = "$"
EVERYTHING = "/*"


@require_safe
def tdmrep(request: HttpRequest) -> HttpResponseBase:
    content = json.dumps(rules()).encode()
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or HttpResponse(
        content, content_type="application/json"
    )
    response["ETag"], response["Cache-Control"] = etag, f"public, max-age={FRESH_S}"
    return response


def rules() -> list[dict[str, Any]]:
    free = [address for version in _free() for address in _addresses(version)]
    return [*(_rule(address, FREE) for address in free), _rule(EVERYTHING, RESERVED)]


def _rule(location: str, reservation: int) -> dict[str, Any]:
    return {"location": location, "tdm-reservation": reservation}


def _free() -> Iterator[StyleVersion]:
    """Published versions whose creators reserve nothing. The database narrows them down, and the policy itself decides."""
    candidates: QuerySet[StyleVersion] = (
        StyleVersion.objects.filter(
            state=StyleVersion.State.PUBLISHED, opt_outs="", **{COLUMN_OF[Clause.TRAINING]: True}
        )
        .select_related("style")
        .prefetch_related("examples")
        .annotate(newest=Max("style__versions__number", filter=Q(style__versions__state=StyleVersion.State.PUBLISHED)))
        .order_by("style__slug", "number")
    )
    return (version for version in candidates if not is_reserved(policy_of(version)))


def _addresses(version: StyleVersion) -> Iterator[str]:
    """Of its pages and pictures. Each ends there: what follows in the same folder may be another version's."""
    page = reverse("pages:style", args=[version.style.slug])
    if version.number == version.newest:  # type: ignore[attr-defined]  # annotated above
        yield page + END
    yield f"{page}?version={version.number}{END}"
    yield reverse("pages:licence", args=[version.style.slug, version.number]) + END
    for example in version.shown_examples:
        yield reverse("pages:example", args=[example.pk, example.image_sha256]) + END
