"""Proofs over REST: of one's own movements, and the chain, which anyone may keep a copy of."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hub import signing
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.scopes import ANYONE, needs
from marketplace.ledger.sealing.keys import keyring
from marketplace.ledger.sealing.proofs import Proof, blocks_from, proof_for


class ProofSerializer(serializers.Serializer[Proof]):
    entries = serializers.ListField(child=serializers.CharField(), help_text="Your entries, as canonical JSON.")
    leaf = serializers.CharField(help_text="The transaction as canonical JSON, with the SHA-256 of every entry.")
    leaf_hash = serializers.CharField(help_text="SHA-256 of a zero byte and the leaf, hex.")
    position = serializers.IntegerField(help_text="Of the leaf in its block, from 0.")
    path = serializers.ListField(child=serializers.CharField(), help_text="RFC 9162, from the leaf up, hex.")
    block = serializers.CharField(help_text="The block's header as canonical JSON: what is signed.")
    signature = serializers.CharField(help_text="Ed25519 by the key that the block names, base64url.")


class SignedBlockSerializer(serializers.Serializer[Any]):
    block = serializers.CharField(help_text="The header as canonical JSON.")
    signature = serializers.CharField(help_text="Ed25519 by the key that the block names, base64url.")


class AskedBlocksSerializer(serializers.Serializer[dict[str, int]]):
    first = serializers.IntegerField(default=1, min_value=1, max_value=2**63 - 1)


class ProofView(APIView):
    scopes = needs(Scope.STATEMENTS)

    @extend_schema(responses=ProofSerializer, summary="Proof that a movement of yours is in the ledger's chain")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        """docs/explanation/proofs.md checks it in thirty lines of Python."""
        return Response(ProofSerializer(proof_for(person(request), id)).data)


class BlocksView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[OpenApiParameter("first", int, description="The number to begin with.")],
        responses=SignedBlockSerializer(many=True),
        operation_id="ledger_blocks_list",
        summary="The ledger's signed blocks, at most 1,000 at a time",
    )
    def get(self, request: Request) -> Response:
        """Each holds the hash of the one before it. Whoever keeps a copy sees when the past is changed."""
        asked = AskedBlocksSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(SignedBlockSerializer(blocks_from(asked.validated_data["first"]), many=True).data)


@require_safe
def public_keys(_request: HttpRequest) -> JsonResponse:
    """A JSON Web Key set (RFC 7517): every key that signs or signed blocks."""
    keys = [{**signing.jwk(key), "kid": kid, "use": "sig", "alg": "EdDSA"} for kid, key in keyring().public.items()]
    return JsonResponse({"keys": keys})
