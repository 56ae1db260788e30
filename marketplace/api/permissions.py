"""Holds every key and access token to the scopes that the views declare."""

from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from marketplace.accounts.callers import Caller
from marketplace.accounts.scopes import InsufficientScope
from marketplace.api.scopes import needs_of
from marketplace.errors import NotAllowed


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        """True, or raises NotAllowed; people in a browser may do whatever they may do on the pages."""
        caller, wanted = request.auth, needs_of(view)
        if isinstance(caller, Caller):
            if wanted.people_only:
                message = _("No key may do this. Sign in with a browser, and do it on the developers' pages.")
                raise NotAllowed(message, code="people_only")
            scope = wanted.of(request.method or "")
            if scope is not None and not caller.may(scope):
                raise InsufficientScope(scope)
        return True
