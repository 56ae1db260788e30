"""Each view reads the request, has the pictures ordered and answers; rules are in the modules beside."""

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hub.settings.site import site_config
from marketplace.accounts.models import User
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.bodies import give_length
from marketplace.api.later import rendered
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.parsers import BoundedJSONParser
from marketplace.api.scopes import ANYONE, needs
from marketplace.dialects.engines import Engine
from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import Fields, fields_of_form, fields_of_json
from marketplace.dialects.ordering import finished, refuse_where_all_places_are_taken
from marketplace.generation.models import Generation
from marketplace.generation.pictures import store_picture
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.waiting import when_ended
from marketplace.ledger.money import MICRO_PER_CREDIT
from marketplace.ledger.selectors import wallet_balance
from marketplace.partners.permits import permit_of
from marketplace.stability import requests
from marketplace.stability.answers import artifacts, bytes_of, wants_bytes
from marketplace.stability.auth import KeyAuthentication, organisation_id, refuse_other_organisations
from marketplace.stability.contacts import contact_of
from marketplace.stability.engines import engine_of, listed_engines
from marketplace.stability.errors import exception_handler
from marketplace.stability.ordering import order
from marketplace.stability.throttles import PersonThrottle


class StabilityView(APIView):
    authentication_classes = (KeyAuthentication,)
    throttle_classes = (PersonThrottle,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = AlwaysJson
    schema = None  # described by its own documents, not by the hub's

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_other_organisations(request, person(request))
        give_length(request._request)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return exception_handler


class EnginesView(StabilityView):
    scopes = needs(Scope.STYLES_READ)

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002 - the same for everyone
        return listed_engines()


class AccountView(StabilityView):
    scopes = needs(Scope.WALLET_READ)

    def get(self, request: Request) -> Response:
        user = person(request)
        own = {"id": organisation_id(user), "name": user.display_name, "role": "ADMIN", "is_default": True}
        return Response({"id": f"user-{user.pk}", "email": contact_of(user), "organizations": [own]})


class BalanceView(StabilityView):
    scopes = needs(Scope.WALLET_READ)

    def get(self, request: Request) -> Response:
        return Response({"credits": wallet_balance(person(request)) / MICRO_PER_CREDIT})


class GenerationView(StabilityView):
    """A subclass says what it asks for."""

    scopes = needs(Scope.GENERATE)

    def post(self, request: Request, engine: str) -> HttpResponseBase:
        as_bytes, user = wants_bytes(request._request), person(request)
        wanted = self.wanted(request, engine_of(engine), user)
        if as_bytes and len(wanted) > 1:
            raise Refused("invalid_samples", _("must be 1 where Accept is image/png"), field="samples")
        refuse_where_all_places_are_taken()
        permit = permit_of(user, request.headers)
        ordered = [picture.pk for picture in order(buyer=user, requests=wanted, permit=permit)]

        def answer(in_time: bool) -> HttpResponseBase:
            return rendered(self, request, lambda: _answer(finished(ordered, in_time=in_time), as_bytes=as_bytes))

        return when_ended(request._request, ordered, site_config().stability_wait_seconds, answer)

    def wanted(self, request: Request, engine: Engine, user: User) -> list[GenerationRequest]:
        raise NotImplementedError


def _answer(pictures: list[Generation], *, as_bytes: bool) -> HttpResponseBase:
    return bytes_of(pictures[0]) if as_bytes else Response(artifacts(pictures))


class TextToImageView(GenerationView):
    parser_classes: tuple[type[BaseParser], ...] = (BoundedJSONParser,)

    def wanted(self, request: Request, engine: Engine, user: User) -> list[GenerationRequest]:  # noqa: ARG002 - as above
        return requests.text_to_image(fields_of_json(request.data), engine)


class FormView(GenerationView):
    """Takes a form with files."""

    parser_classes: tuple[type[BaseParser], ...] = (MultiPartParser,)
    translate: Callable[..., list[GenerationRequest]]

    def wanted(self, request: Request, engine: Engine, user: User) -> list[GenerationRequest]:
        # Read in this order: reading the body is what finds the files in it.
        fields: Fields = fields_of_form(cast("QueryDict", request.data))

        def store(content: bytes) -> str:
            return store_picture(owner=user, content=content)

        return type(self).translate(fields, request.FILES, engine, store)


class ImageToImageView(FormView):
    translate = staticmethod(requests.image_to_image)


class MaskingView(FormView):
    translate = staticmethod(requests.masking)


class UpscaleView(FormView):
    translate = staticmethod(requests.upscale)


class UnknownAddressView(StabilityView):
    scopes = ANYONE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the framework's signature
        """Runs before any method, and before anyone is asked for a key."""
        raise Refused("not_found", _("There is nothing at this address of the API."))
