"""Addresses of pictures that need no key: signed, for one picture in one format, and good for an hour."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.dialects.errors import Refused
from marketplace.generation.models import Generation

LINK_SECONDS = 3600
SALT = "marketplace.openai.links"


@dataclass(frozen=True)
class Link:
    id: str
    format: str
    compression: int


def address_of(request: HttpRequest, link: Link) -> str:
    path = reverse("openai:file", args=[signing.dumps(asdict(link), salt=SALT), f"image.{link.format}"])
    return request.build_absolute_uri(path)


def linked(token: str) -> tuple[Generation, Link]:
    """The picture that a token of ours names. Raises Refused."""
    try:
        link = Link(**signing.loads(token, salt=SALT, max_age=LINK_SECONDS))
    except signing.SignatureExpired as error:
        message = _("This address was good for an hour. The picture is in the history of whoever ordered it.")
        raise Refused("url_expired", message) from error
    except signing.BadSignature as error:
        raise Refused("not_found", _("There is no picture at this address.")) from error
    generation = Generation.objects.filter(pk=UUID(link.id), state=Generation.State.SUCCEEDED).first()
    if generation is None:
        raise Refused("not_found", _("There is no picture at this address."))
    return generation, link
