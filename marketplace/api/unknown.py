"""Answers for addresses that do not exist: programs are told so in the shape they know."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.api.scopes import ANYONE
from marketplace.errors import NotFound


@extend_schema(exclude=True)
class UnknownAddressView(APIView):
    scopes = ANYONE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the framework's signature
        """Runs before any method, and before anyone is asked to sign in."""
        raise NotFound(
            _("There is nothing at this address. /api/docs lists those that there are."), code="no_such_address"
        )
