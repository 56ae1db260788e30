"""Each view reads the request, has the pictures ordered and answers; rules are in the modules beside."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import AllowAny
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
from marketplace.api.sse import event_stream
from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import fields_of_form, fields_of_json
from marketplace.dialects.ordering import finished, order, refuse_where_all_places_are_taken
from marketplace.generation.images import forbid_training
from marketplace.generation.pictures import store_picture
from marketplace.generation.selectors import outputs_may_train
from marketplace.generation.waiting import when_ended
from marketplace.openai.answers import images
from marketplace.openai.auth import refuse_other_payers
from marketplace.openai.errors import exception_handler
from marketplace.openai.images import content_of
from marketplace.openai.links import LINK_SECONDS, linked
from marketplace.openai.offers import described, listed_models, model_of
from marketplace.openai.requests import Wanted, edit, generate
from marketplace.openai.streaming import events
from marketplace.openai.tables import FORMATS
from marketplace.openai.throttles import PersonThrottle
from marketplace.partners.permits import permit_of
from marketplace.stability.auth import KeyAuthentication

MOST_READ = 2**20


class OpenAIView(APIView):
    scopes = needs(Scope.GENERATE)
    authentication_classes: tuple[type[KeyAuthentication], ...] = (KeyAuthentication,)
    throttle_classes: tuple[type[PersonThrottle], ...] = (PersonThrottle,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = AlwaysJson
    schema = None  # described by its own documents, not by the hub's

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_other_payers(request, person(request))
        give_length(request._request)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return exception_handler


class ModelsView(OpenAIView):
    scopes = needs(Scope.STYLES_READ)

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002 - the same for everyone
        return listed_models()


class ModelView(OpenAIView):
    scopes = needs(Scope.STYLES_READ)

    def get(self, request: Request, model: str) -> Response:  # noqa: ARG002 - as above
        return Response(described(model_of(model)))


class ImagesView(OpenAIView):
    """A subclass says what it asks for; `kind` begins the names of its events."""

    scopes = needs(Scope.GENERATE)
    kind: str

    def post(self, request: Request) -> HttpResponseBase:
        user = person(request)
        wanted = self.wanted(request, user)
        refuse_where_all_places_are_taken()
        ordered = order(buyer=user, requests=wanted.requests, permit=permit_of(user, request.headers))
        if wanted.delivery.streamed:
            return event_stream(events(self.kind, ordered[0], wanted.delivery))
        ids = [picture.pk for picture in ordered]

        def made(in_time: bool) -> Response:
            return Response(images(request._request, finished(ids, in_time=in_time), wanted))

        def answer(in_time: bool) -> HttpResponseBase:
            return rendered(self, request, lambda: made(in_time))

        return when_ended(request._request, ids, site_config().stability_wait_seconds, answer)

    def wanted(self, request: Request, user: User) -> Wanted:
        raise NotImplementedError


class GenerationsView(ImagesView):
    scopes = needs(Scope.GENERATE)
    parser_classes: tuple[type[BaseParser], ...] = (BoundedJSONParser,)
    kind = "image_generation"

    def wanted(self, request: Request, user: User) -> Wanted:  # noqa: ARG002 - as above
        return generate(fields_of_json(request.data))


class EditsView(ImagesView):
    scopes = needs(Scope.GENERATE)
    parser_classes: tuple[type[BaseParser], ...] = (MultiPartParser,)
    kind = "image_edit"

    def wanted(self, request: Request, user: User) -> Wanted:
        # Read in this order: reading the body is what finds the files in it.
        fields = fields_of_form(request.POST)
        images_sent = [*request.FILES.getlist("image"), *request.FILES.getlist("image[]")]

        def store(content: bytes) -> str:
            return store_picture(owner=user, content=content)

        return edit(fields, images_sent, request.FILES, store)


class FileView(OpenAIView):
    """A picture by its signed address, for whoever has that."""

    scopes = ANYONE
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        APIView.initial(self, request, *args, **kwargs)

    def get(self, request: Request, token: str, name: str) -> HttpResponse:  # noqa: ARG002 - for who saves it
        generation, link = linked(token)
        response = HttpResponse(
            content_of(generation, link.format, link.compression), content_type=FORMATS[link.format]
        )
        response["Cache-Control"] = f"private, max-age={LINK_SECONDS}, immutable"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response if outputs_may_train(generation) else forbid_training(response)


class UnknownAddressView(OpenAIView):
    scopes = ANYONE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the framework's signature
        """Runs before any method, and before anyone is asked for a key."""
        with suppress(OSError):  # A client that is answered while it sends may find its connection closed instead.
            request._request.read(MOST_READ)
        message = _(
            "Unknown request URL: %(method)s %(path)s. The hub has models, images/generations and images/edits."
        )
        raise Refused("unknown_url", message % {"method": request.method, "path": request.path[:200]})
