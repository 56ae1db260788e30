"""A version's licence over REST, in every form that programs read. Anyone may look."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.api.scopes import ANYONE
from marketplace.licences.described import licensed_version, subject_of
from marketplace.licences.documents import DOCUMENTS, Document
from marketplace.licences.selectors import policy_of
from marketplace.licences.serializers import LicenceDocumentSerializer

AN_HOUR = 3600


def _negotiated(document: Document) -> type[BaseRenderer]:
    """For content negotiation alone: the view answers with what the document writes."""
    named = {"format": document.format, "media_type": document.media_type}
    return type(f"{document.format.title()}Renderer", (BaseRenderer,), named)


RENDERERS = tuple(_negotiated(document) for document in DOCUMENTS.values())


class LicenceView(APIView):
    """Its form by the ending of the address, or by the Accept header."""

    scopes = ANYONE
    permission_classes = (AllowAny,)
    renderer_classes = RENDERERS

    @extend_schema(
        operation_id="style_licence",
        responses={
            (200, "application/json"): LicenceDocumentSerializer,
            (200, "application/ld+json"): OpenApiResponse(OpenApiTypes.OBJECT, "An ODRL 2.2 offer."),
            (200, "application/rsl+xml"): OpenApiResponse(OpenApiTypes.STR, "RSL 1.0."),
            (200, "text/markdown"): OpenApiResponse(OpenApiTypes.STR, "A model card."),
        },
        summary="What a version's creator grants",
    )
    def get(self, request: Request, slug: str, number: int, **_format: str) -> HttpResponse:
        """As JSON, as an ODRL offer (`licence.jsonld`), as RSL (`licence.rsl`), as a model card (`licence.md`) or as a policy
        for text and data mining (`licence.tdmrep`). A version's licence never changes."""
        version = licensed_version(slug, number)
        document = DOCUMENTS[request.accepted_renderer.format]
        content = document.write(policy_of(version), subject_of(version, request.build_absolute_uri("/")))
        response = HttpResponse(content, content_type=document.media_type)
        response["Cache-Control"] = f"public, max-age={AN_HOUR}"
        return response

    def handle_exception(self, exc: Exception) -> Response:
        # A refusal has one shape, whatever form was asked for.
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)
