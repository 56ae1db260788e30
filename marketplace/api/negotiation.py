"""For views that look at `Accept` themselves, or whose success is no JSON: their errors are JSON whatever was asked for."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AlwaysJson(DefaultContentNegotiation):
    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - the framework's signature
        renderers: Any,
        format_suffix: str | None = None,  # noqa: ARG002 - as above
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
